/**
 * Compiles the kernels to dist/kernels.wasm, with the fused multiply-add of relaxed SIMD, and to
 * dist/kernels-emulated.wasm, which does without it to the same bits: SIMD, over a shared memory
 * that the host imports into each thread's instance. Of each there is one more, `-unshared`, for a
 * memory that is not shared, where there are no threads.
 *
 * The modules have no data of their own, so that instances made at any time leave the memory as it
 * is. They are written under a temporary name and renamed, so that no reader ever sees half of one.
 */
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { runClang } from '@yowasp/clang'

const kernels = new URL('./', import.meta.url)
const output = new URL('../dist/', import.meta.url)
/**
 * How the files are compiled in which products are made. All else does without relaxed SIMD: the
 * compiler would use its minimum and maximum, too, which lose NaN on some CPUs.
 */
const BUILDS = [
  { name: 'kernels.wasm', flags: ['-mrelaxed-simd'] },
  { name: 'kernels-emulated.wasm', flags: [] },
]
const PRODUCTS = ['convolution_tile.c', 'panel.c']

const TARGET = '--target=wasm32-unknown-unknown'

const COMPILE = [
  TARGET,
  '-std=gnu11',
  '-O3',
  '-ffp-contract=off',
  '-ffreestanding',
  '-fno-delete-null-pointer-checks',
  '-fno-strict-aliasing',
  '-msimd128',
  '-matomics',
  '-mbulk-memory',
  '-mmutable-globals',
  '-Wall',
  '-Wextra',
  '-Werror',
]

const LINK = [
  '-nostdlib',
  '-Wl,--no-entry',
  '-Wl,--import-memory',
  '-Wl,--shared-memory',
  `-Wl,--max-memory=${65536 * 65536}`,
  '-Wl,-z,stack-size=262144', // STACK_BYTES of plan.h
  '-Wl,--export=__stack_pointer',
  '-Wl,--export=__heap_base',
  '-Wl,--export=__data_end',
  '-Wl,--strip-all',
]

const names = (await readdir(kernels)).filter((name) => /\.[ch]$/.test(name)).sort()
const files = Object.fromEntries(
  await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, kernels), 'utf8')])),
)
const sources = names.filter((name) => name.endsWith('.c'))
// One translation unit but for one file: the compiler sees all that it may inline.
const others = sources.filter((name) => !PRODUCTS.includes(name))
const unitOf = (names) => names.map((name) => `#include "${name}"\n`).join('')
files['kernels.c'] = unitOf(others)
files['products.c'] = unitOf(PRODUCTS)
// The compiler is itself WebAssembly that runs three times: making its code faster takes longer than it saves.
setFlagsFromString('--liftoff-only')
await runClang(null, {}, { fetchProgress: () => {} }) // reads the toolchain without a word
await mkdir(output, { recursive: true })
let started = performance.now()
files['kernels.o'] = await clang([...COMPILE, '-c', 'kernels.c'], 'kernels.o')
for (const { name, flags } of BUILDS) {
  const products = `${name}.o` // a file that is there already would stay
  files[products] = await clang([...COMPILE, ...flags, '-c', 'products.c'], products)
  const wasm = await clang([TARGET, ...LINK, 'kernels.o', products], name)
  if (!WebAssembly.validate(wasm)) setFlagsFromString('--experimental-wasm-relaxed-simd') // Node 20
  const numExports = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).length
  if (hasSection(wasm, 11)) throw new Error('the kernels must not have static data')
  await writeWhole(name, wasm)
  await writeWhole(name.replace('.wasm', '-unshared.wasm'), withUnsharedMemory(wasm))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${name}: ${sources.length} files, ${wasm.length} bytes, ${numExports} exports, ${seconds} s`)
  started = performance.now()
}

/** The file that clang makes. */
async function clang(args, made) {
  const messages = []
  const collect = (bytes) => bytes && messages.push(Buffer.from(bytes))
  try {
    const all = await runClang(['clang', ...args, '-o', made], files, { stdout: collect, stderr: collect })
    return all[made]
  } catch (error) {
    process.stderr.write(Buffer.concat(messages))
    console.error(`the kernels do not compile (${error.message})`)
    process.exit(1)
  }
}

async function writeWhole(name, bytes) {
  const temporary = new URL(`${name}.${process.pid}.tmp`, output)
  await writeFile(temporary, bytes)
  await rename(temporary, new URL(name, output))
}

/** Whether a WebAssembly module has a section of this number. */
function hasSection(bytes, wanted) {
  return sectionAt(bytes, wanted) !== undefined
}

/** Where the content of the section of this number begins. */
function sectionAt(bytes, wanted) {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at]
    const [size, start] = numberAt(bytes, at + 1)
    if (id === wanted) return start
    at = start + size
  }
  return undefined
}

/** A number in LEB128, and where it ends. */
function numberAt(bytes, start) {
  let number = 0
  for (let at = start; ; at++) {
    number += (bytes[at] & 127) * 2 ** (7 * (at - start))
    if (bytes[at] < 128) return [number, at + 1]
  }
}

function endOfText(bytes, at) {
  const [length, start] = numberAt(bytes, at)
  return start + length
}

/**
 * The same module, which imports a memory that is not shared: its limits say so in one byte, 1 in place of 3. Kernels
 * that no other thread waits for do the same in it.
 */
function withUnsharedMemory(wasm) {
  const bytes = Uint8Array.from(wasm)
  let [count, at] = numberAt(bytes, sectionAt(bytes, 2))
  for (; count > 0; count--) {
    at = endOfText(bytes, endOfText(bytes, at)) // module and name
    const kind = bytes[at++]
    if (kind === 2 && bytes[at] === 3) {
      bytes[at] = 1
      if (!WebAssembly.validate(bytes)) throw new Error('the kernels must work without shared memory')
      return bytes
    }
    if (kind !== 0) throw new Error(`the kernels import what they should not, of kind ${kind}`)
    at = numberAt(bytes, at)[1]
  }
  throw new Error('the kernels must import a shared memory')
}
