/**
 * Reads what a loader reads of a library: its format and processor, what it takes from others, what it gives. ELF,
 * Mach-O and PE, of 64 bits, little-endian, as far as the kernels' libraries go.
 */

/**
 * @param bytes a Buffer
 * @returns { format, cpu, libraries, imports, exports }: names of libraries; symbols that it takes, for PE as
 *   `LIBRARY:SYMBOL`; symbols that it gives
 * @throws Error for anything else
 */
export function readLibrary(bytes) {
  if (bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46) return readElf(bytes)
  if (bytes.length >= 32 && bytes.readUInt32LE(0) === 0xfeedfacf) return readMachO(bytes)
  if (bytes.length >= 64 && bytes.readUInt16LE(0) === 0x5a4d) return readPe(bytes)
  throw new Error('it is no library of a known format')
}

function textAt(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at))
}

const number = (bytes, at) => Number(bytes.readBigUInt64LE(at))

/** "Tool Interface Standard: Executable and Linking Format"; sections .dynamic and .dynsym. */
function readElf(bytes) {
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new Error('it is not of 64 bits, little-endian')
  const cpu = { 62: 'x64', 183: 'arm64' }[bytes.readUInt16LE(18)]
  const first = number(bytes, 40)
  const size = bytes.readUInt16LE(58)
  const sections = Array.from({ length: bytes.readUInt16LE(60) }, (_, i) => {
    const at = first + i * size
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: number(bytes, at + 24),
      bytes: number(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
    }
  })
  const [DYNAMIC, DYNSYM] = [6, 11]
  const dynamic = sections.find(({ type }) => type === DYNAMIC)
  const symbols = sections.find(({ type }) => type === DYNSYM)
  if (dynamic === undefined || symbols === undefined) throw new Error('it has no dynamic section')
  const libraries = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += 16) {
    const NEEDED = 1n
    if (bytes.readBigInt64LE(at) !== NEEDED) continue
    libraries.push(textAt(bytes, sections[dynamic.link].offset + number(bytes, at + 8)))
  }
  const imports = []
  const exports = []
  for (let at = symbols.offset + 24; at < symbols.offset + symbols.bytes; at += 24) {
    const name = textAt(bytes, sections[symbols.link].offset + bytes.readUInt32LE(at))
    const isTaken = bytes.readUInt16LE(at + 6) === 0
    if (name !== '') (isTaken ? imports : exports).push(name)
  }
  // The highest version of the C library that a symbol is asked for in.
  const versions = [...bytes.toString('latin1').matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(([, major, minor]) => [
    major,
    minor,
  ])
  const [glibc] = versions.sort(([a, b], [c, d]) => c - a || d - b).map((parts) => parts.join('.'))
  return { format: 'ELF', cpu, libraries, imports, exports, ...(glibc && { glibc }) }
}

/** "OS X ABI Mach-O File Format Reference"; the symbols' names begin with an underscore there. */
function readMachO(bytes) {
  const cpu = { 0x01000007: 'x64', 0x0100000c: 'arm64' }[bytes.readUInt32LE(4)]
  const [SYMTAB, LOAD_DYLIB, CODE_SIGNATURE, BUILD_VERSION] = [0x2, 0xc, 0x1d, 0x32]
  const libraries = []
  const imports = []
  const exports = []
  let isSigned = false
  let macos
  let at = 32
  for (let i = 0; i < bytes.readUInt32LE(16); i++) {
    const command = bytes.readUInt32LE(at)
    if (command === LOAD_DYLIB) libraries.push(textAt(bytes, at + bytes.readUInt32LE(at + 8)))
    if (command === CODE_SIGNATURE) isSigned = true
    if (command === BUILD_VERSION) macos = `${bytes.readUInt16LE(at + 14)}.${bytes[at + 13]}`
    if (command === SYMTAB) {
      const [symbols, count, strings] = [8, 12, 16].map((offset) => bytes.readUInt32LE(at + offset))
      for (let s = symbols; s < symbols + 16 * count; s += 16) {
        const [PRIVATE, EXTERNAL, TYPE, STAB] = [0x10, 0x01, 0x0e, 0xe0]
        const kind = bytes[s + 4]
        if (!(kind & EXTERNAL) || kind & PRIVATE || kind & STAB) continue
        const name = textAt(bytes, strings + bytes.readUInt32LE(s)).replace(/^_/, '')
        ;((kind & TYPE) === 0 ? imports : exports).push(name)
      }
    }
    at += bytes.readUInt32LE(at + 4)
  }
  return { format: 'Mach-O', cpu, libraries, imports, exports, isSigned, macos }
}

/** "PE Format" of Microsoft; tables of imports, those loaded late included, and of exports. */
function readPe(bytes) {
  const header = bytes.readUInt32LE(60)
  if (bytes.readUInt32BE(header) !== 0x50450000) throw new Error('it is no library of Windows')
  const cpu = { 0x8664: 'x64', 0xaa64: 'arm64' }[bytes.readUInt16LE(header + 4)]
  const optional = header + 24
  const sections = Array.from({ length: bytes.readUInt16LE(header + 6) }, (_, i) => {
    const at = optional + bytes.readUInt16LE(header + 20) + 40 * i
    const [size, address, rawSize, offset] = [8, 12, 16, 20].map((field) => bytes.readUInt32LE(at + field))
    return { address, end: address + Math.max(size, rawSize), offset }
  })
  const place = (address) => {
    const section = sections.find((its) => address >= its.address && address < its.end)
    if (section === undefined) throw new Error('an address of it is in no section')
    return section.offset + address - section.address
  }
  const directory = (index) => bytes.readUInt32LE(optional + 112 + 8 * index)
  const libraries = []
  const imports = []
  const readImports = (table, stride, nameAt, namesAt) => {
    for (let at = place(table); bytes.readUInt32LE(at + nameAt) !== 0; at += stride) {
      const library = textAt(bytes, place(bytes.readUInt32LE(at + nameAt)))
      libraries.push(library)
      for (let entry = place(bytes.readUInt32LE(at + namesAt)); bytes.readBigUInt64LE(entry) !== 0n; entry += 8) {
        const isNumber = bytes.readUInt32LE(entry + 4) >= 0x80000000
        const name = isNumber ? `#${bytes.readUInt16LE(entry)}` : textAt(bytes, place(bytes.readUInt32LE(entry)) + 2)
        imports.push(`${library}:${name}`)
      }
    }
  }
  if (directory(1) !== 0) readImports(directory(1), 20, 12, 0)
  if (directory(13) !== 0) readImports(directory(13), 32, 4, 16)
  const exports = []
  if (directory(0) !== 0) {
    const table = place(directory(0))
    const names = place(bytes.readUInt32LE(table + 32))
    for (let i = 0; i < bytes.readUInt32LE(table + 24); i++) {
      exports.push(textAt(bytes, place(bytes.readUInt32LE(names + 4 * i))))
    }
  }
  return { format: 'PE', cpu, libraries, imports, exports }
}
