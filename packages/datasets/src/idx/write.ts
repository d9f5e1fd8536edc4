/**
 * Writes IDX files of unsigned bytes: data sets of one's own in the form that `idxFolder` reads.
 */
import { UserError } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { writeDurably } from '@gradpool/storage'
import { gzipSync } from 'node:zlib'
import { encodeHeader, formatDims } from './header.js'
import type { IdxArray } from './read.js'

export interface WriteIdxOptions {
  /** Whether to compress; if left out, a name that ends in `.gz` is. */
  readonly gzip?: boolean
}

/** The file appears whole or not at all. */
export async function writeIdx(
  path: string,
  array: IdxArray,
  { gzip = path.endsWith('.gz') }: WriteIdxOptions = {},
): Promise<void> {
  const bytes = encodeIdx(array)
  await writeDurably(path, gzip ? gzipSync(bytes) : bytes)
}

/** The bytes of the uncompressed file. */
export function encodeIdx({ dims, values }: IdxArray): Uint8Array {
  const valid = (extent: number) => Number.isInteger(extent) && extent >= 0 && extent < 2 ** 32
  if (dims.length > 255 || !dims.every(valid)) {
    const expected = 'expected at most 255 whole numbers below 2^32'
    throw new UserError(`An IDX file cannot have the dimensions ${formatDims(dims)}: ${expected}`)
  }
  if (values.length !== sizeOf(dims)) {
    const expected = `expected ${sizeOf(dims)} (${formatDims(dims)})`
    throw new UserError(`The values of an IDX file are ${values.length} bytes, ${expected}`)
  }
  const header = encodeHeader(dims)
  const bytes = new Uint8Array(header.length + values.length)
  bytes.set(header)
  bytes.set(values, header.length)
  return bytes
}
