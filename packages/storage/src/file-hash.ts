/** What a record tells of another file, so that one that was changed or exchanged is not taken for it. */
import { UserError } from '@gradpool/core'
import { hasFields, isCount, isHash } from './json-checks.js'
import { readRegular } from './regular-file.js'
import { sha256 } from './sha256.js'

export interface FileTold {
  readonly bytes: number
  readonly sha256: string
}

export function tellOf(bytes: Uint8Array): FileTold {
  return { bytes: bytes.length, sha256: sha256(bytes) }
}

export function isFileTold(value: unknown): value is FileTold {
  return hasFields(value, { bytes: isCount, sha256: isHash })
}

/** @throws UserError where it is another file than was told of; what the file system throws */
export async function readTold(path: string, told: FileTold): Promise<Buffer> {
  const bytes = await readRegular(path, { exactly: told.bytes })
  if (sha256(bytes) === told.sha256) return bytes
  throw new UserError(`'${path}' is not as it was written`)
}
