/** SHA-256, at once: by Node where it is, which is faster, else in JavaScript. The digests are the same. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { nodeModule } from './node-module.js'

export interface Sha256 {
  /** Texts are taken in UTF-8. */
  update(data: string | Uint8Array): Sha256
  /** Of all that was given, in hexadecimal; once. */
  digest(): string
}

export function createSha256(): Sha256 {
  const crypto = nodeModule('node:crypto')
  if (crypto === undefined) return portableSha256()
  const hash = crypto.createHash('sha256')
  const made: Sha256 = {
    update(data) {
      hash.update(data)
      return made
    },
    digest: () => hash.digest('hex'),
  }
  return made
}

/** Without Node. */
export function portableSha256(): Sha256 {
  const hash = sha256.create()
  const made: Sha256 = {
    update(data) {
      hash.update(typeof data === 'string' ? utf8ToBytes(data) : data)
      return made
    },
    digest: () => bytesToHex(hash.digest()),
  }
  return made
}
