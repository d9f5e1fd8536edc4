/**
 * NumPy's files: `.npy` holds an array, `.npz` is a ZIP archive of such files.
 *
 * Format of an array: the bytes 93 "NUMPY", the version (two bytes), the length of the header (u16 in version 1, u32
 * since), the header, the values. The header is a Python literal such as `{'descr': '<f4', 'fortran_order': False,
 * 'shape': (3, 4), }`. It is matched, never evaluated; arrays of Python objects are refused. Specification:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { UserError, type Shape } from '@gradpool/core'
import { beginningOf, sizeOf } from '@gradpool/core/engine'
import { reasonOf } from './file-errors.js'
import { type NamedArray, type NumberTypeName, numberTypes, readNumbers, type StoredArray } from './number-types.js'
import { permuteAxes } from './permute-axes.js'

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY')]

/** The most bytes that one byte of a deflated file can stand for; memory is taken for what an archive says. */
const MAX_RATIO = 1032

/** NumPy's letter of a type and its bytes. */
const typeNames: Readonly<Record<string, NumberTypeName>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  u8: 'U64',
  i4: 'I32',
  u4: 'U32',
  i2: 'I16',
  u2: 'U16',
  i1: 'I8',
  u1: 'U8',
  b1: 'BOOL',
}

/**
 * The arrays of a `.npz` by name, without the `.npy` that the archive adds; other files in it are passed over.
 *
 * @param where what the file is called in messages
 * @throws UserError with one sentence for what is no such archive, or has an array that is none of numbers
 */
export async function decodeNpz(archive: Uint8Array, where: string): Promise<ReadonlyMap<string, StoredArray>> {
  const files = await unzip(archive, where)
  return new Map(
    Object.entries(files).map(([name, bytes]) => {
      const own = name.slice(0, -'.npy'.length)
      return [own, decodeNpy(bytes, `${JSON.stringify(beginningOf(own))} of ${where}`)]
    }),
  )
}

async function unzip(archive: Uint8Array, where: string): Promise<Readonly<Record<string, Uint8Array>>> {
  // Loaded when first used: most programs read no archive.
  const { unzipSync } = await import('fflate')
  try {
    return unzipSync(archive, {
      filter({ name, size, originalSize }) {
        if (originalSize > MAX_RATIO * size) throw new Error(`${size} bytes of it cannot stand for ${originalSize}`)
        return name.endsWith('.npy')
      },
    })
  } catch (cause) {
    throw new UserError(`${where} is not a whole .npz file: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * An array of numbers.
 *
 * @param where what the file is called in messages
 * @throws UserError with one sentence for what is no such file
 */
export function decodeNpy(file: Uint8Array, where: string): StoredArray {
  const { shape, type: name, isFortranOrder, start, read } = npyLayout(file, file.length, where)
  const values = read(file.subarray(start))
  if (!isFortranOrder) return { shape, values, type: name }
  // The first axis changes fastest: row-major, it is the array with its axes in the opposite order.
  const axes = shape.map((_, axis) => axis).reverse()
  return { ...permuteAxes({ shape: shape.toReversed(), values }, axes), type: name }
}

/** What the header of an array says of the bytes that follow it. */
export interface NpyLayout {
  readonly shape: Shape
  readonly type: NumberTypeName
  readonly isFortranOrder: boolean
  /** Where the values begin. */
  readonly start: number
  /** Bytes of a number. */
  readonly numberBytes: number
  /** Some of the values, in the order of the file. */
  readonly read: (bytes: Uint8Array) => NamedArray['values']
}

/** The most bytes of the beginning of a file that the header of an array of numbers is in. */
export const NPY_HEADER_BYTES = 2 ** 16

/**
 * @param file its beginning, with the header
 * @param size of the whole file
 * @throws UserError as `decodeNpy`
 */
export function npyLayout(file: Uint8Array, size: number, where: string): NpyLayout {
  const wrong = (what: string) => new UserError(`${where} is not a whole .npy file: ${what}`)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const prefix = file[MAGIC.length] === 1 ? 10 : 12
  if (file.length < prefix || MAGIC.some((byte, index) => file[index] !== byte)) throw wrong('it does not begin as one')
  const start = prefix + (prefix === 10 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (start > file.length) throw wrong(`it ends inside its header`)
  const header = parseHeader(Array.from(file.subarray(prefix, start), (byte) => String.fromCharCode(byte)).join(''))
  if (header === undefined) throw wrong('its header is malformed')
  const { descr, isFortranOrder, shape } = header
  const [, order, letters = ''] = /^([<>|=]?)(\w+)$/.exec(descr) ?? []
  const name = Object.hasOwn(typeNames, letters) ? typeNames[letters] : undefined
  if (name === undefined) throw new UserError(`${where} has values of the type ${descr}, which is none of numbers`)
  const type = numberTypes[name]
  if (size - start !== sizeOf(shape) * type.bytes) {
    throw wrong(
      `${shape.join(' × ') || 'a number'} of ${descr} should have ${sizeOf(shape) * type.bytes} bytes, not ${size - start}`,
    )
  }
  const read = (bytes: Uint8Array) => readNumbers(bytes, type, order !== '>')
  return { shape, type: name, isFortranOrder, start, numberBytes: type.bytes, read }
}

interface Header {
  readonly descr: string
  readonly isFortranOrder: boolean
  readonly shape: Shape
}

/** Undefined where it lacks one of its three fields. */
function parseHeader(text: string): Header | undefined {
  const descr = /'descr': *'([^'\p{C}]{1,40})'/u.exec(text)?.[1]
  const order = /'fortran_order': *(True|False)/.exec(text)?.[1]
  const shape = /'shape': *\(([\d, ]*)\)/.exec(text)?.[1]
  if (descr === undefined || order === undefined || shape === undefined) return undefined
  const dimensions = shape.split(',').filter((part) => part.trim() !== '')
  return { descr, isFortranOrder: order === 'True', shape: dimensions.map(Number) }
}
