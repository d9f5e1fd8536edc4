/**
 * Whether a library can be what Node loads on a platform: of its format and processor, with the two symbols of
 * Node-API's modules and no others, and taking nothing but Node-API and a few functions of the system's. No function of
 * mathematics is among them: their bits differ from system to system.
 */
import { readLibrary } from './read-library.mjs'

const GIVEN = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']

/** Of each library of macOS. */
const FROM_LINKER = ['_mh_dylib_header', '__dso_handle']

/** What the kernels and addon.c call. */
const FROM_NODE = [
  'napi_create_double',
  'napi_create_uint32',
  'napi_define_properties',
  'napi_get_boolean',
  'napi_get_cb_info',
  'napi_get_typedarray_info',
  'napi_get_value_double',
  'napi_get_value_string_utf8',
  'napi_get_value_uint32',
  'napi_throw_type_error',
]
const FROM_C = ['memcpy', 'memmove', 'memset', 'clock_gettime', 'nanosleep', 'syscall', 'madvise']
/** What compilers put into every library. */
const FROM_LOADER = {
  ELF: ['__cxa_finalize', '__gmon_start__', '_ITM_deregisterTMCloneTable', '_ITM_registerTMCloneTable'],
  'Mach-O': ['dyld_stub_binder', '__bzero', 'bzero', 'memset_pattern16'],
}
const LIBRARIES = {
  ELF: /^(libc\.so\.6|libc\.musl-\w+\.so\.1|libc\.so|ld-linux-[\w-]+\.so\.\d)$/,
  'Mach-O': /^\/usr\/lib\/libSystem\.B\.dylib$/,
  PE: /^(kernel32|api-ms-win-core-synch-l1-2-0)\.dll$/i,
}

/** What is wrong, a sentence each; nothing if it is as it should be. */
export function faultsOf(bytes, { format, cpu, libc }) {
  let library
  try {
    library = readLibrary(bytes)
  } catch (error) {
    return [error.message]
  }
  const faults = []
  const fault = (isWrong, what) => isWrong && faults.push(what)
  fault(library.format !== format, `it is ${library.format}, not ${format}`)
  fault(library.cpu !== cpu, `it is for ${library.cpu}, not ${cpu}`)
  const given = GIVEN.filter((name) => !library.exports.includes(name))
  fault(given.length > 0, `it does not export ${given.join(', ')}`)
  const more = library.exports.filter((name) => !GIVEN.includes(name) && !FROM_LINKER.includes(name))
  fault(more.length > 0, `it exports ${more.join(', ')}`)
  const foreign = library.libraries.filter((name) => !LIBRARIES[library.format].test(name))
  fault(foreign.length > 0, `it needs ${foreign.join(', ')}`)
  if (library.format !== 'PE') {
    const allowed = [...FROM_NODE, ...FROM_C, ...FROM_LOADER[library.format]]
    const taken = library.imports.filter((name) => !allowed.includes(name))
    fault(taken.length > 0, `it takes ${taken.join(', ')}`)
  }
  fault(libc === 'musl' && library.glibc, `it asks for glibc ${library.glibc}`)
  fault(libc === 'gnu' && isAfter(library.glibc ?? '0.0', '2.17'), `it asks for glibc ${library.glibc}, not 2.17`)
  fault(format === 'Mach-O' && cpu === 'arm64' && !library.isSigned, 'it is not signed, as arm64 needs')
  return faults
}

function isAfter(version, other) {
  const [a, b] = [version, other].map((text) => text.split('.').map(Number))
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
}
