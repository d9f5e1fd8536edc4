/** SHA-256 of what is in memory; without files, for where there is no Node. */
import { createSha256 } from '@gradpool/core/engine'

/** Hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createSha256().update(data).digest()
}
