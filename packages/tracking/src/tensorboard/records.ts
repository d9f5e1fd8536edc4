/**
 * TFRecord, the framing of event files: the length of a record, its checksum, the record, its checksum. Numbers are
 * little-endian; a checksum is CRC-32C, masked, so that one over data with checksums in them stays good.
 *
 * Format: https://www.tensorflow.org/tutorials/load_data/tfrecord
 */
import { crc32c } from '@aws-crypto/crc32c'

const LENGTH_BYTES = 8
const CHECKSUM_BYTES = 4
const MASK_DELTA = 0xa282ead8

export function recordOf(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(LENGTH_BYTES + CHECKSUM_BYTES + data.length + CHECKSUM_BYTES)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(LENGTH_BYTES, maskedChecksum(record.subarray(0, LENGTH_BYTES)), true)
  record.set(data, LENGTH_BYTES + CHECKSUM_BYTES)
  view.setUint32(LENGTH_BYTES + CHECKSUM_BYTES + data.length, maskedChecksum(data), true)
  return record
}

/** Rotated right by 15 bits, and a constant added, modulo 2^32. */
function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c(data)
  return (((checksum >>> 15) | (checksum << 17)) + MASK_DELTA) >>> 0
}
