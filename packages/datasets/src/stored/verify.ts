/** Whether a folder has the bytes that it was written with. */
import { UserError } from '@gradpool/core'
import { openRegular } from '@gradpool/storage'
import { createHash } from 'node:crypto'
import { readError } from '../idx/read-error.js'
import { bytesOf, fileOf, HASH_BYTES, hashesFileOf, readManifest, type Manifest } from './manifest.js'

const BLOCK_BYTES = 2 ** 20

/**
 * Reads all files of a prepared data set and compares their hashes.
 *
 * @throws UserError with one sentence that names the first file that is missing or changed
 */
export async function verifyStored(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory)
  const { numRows, fields, rowHashes } = manifest
  const files = [
    ...fields.map((field) => ({
      path: fileOf(directory, field),
      bytes: bytesOf(field, numRows),
      sha256: field.sha256,
    })),
    { path: hashesFileOf(directory, manifest), bytes: HASH_BYTES * numRows, sha256: rowHashes },
  ]
  for (const { path, bytes, sha256 } of files) {
    const found = await hashOf(path, bytes).catch((error: unknown) => {
      throw readError(path, error)
    })
    if (found !== sha256) throw new UserError(`${path} is not as it was written: prepare the data again`)
  }
  return manifest
}

/** Undefined for a file of another size. */
async function hashOf(path: string, numBytes: number): Promise<string | undefined> {
  const { file, size } = await openRegular(path)
  try {
    if (size !== numBytes) return undefined
    const hash = createHash('sha256')
    const block = Buffer.allocUnsafe(BLOCK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(block, 0, block.length)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(block.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
