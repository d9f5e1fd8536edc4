/** Bytes as a disk, a network or an attacker might change them, from seeded numbers. */
import { philox } from '@gradpool/core/engine'

const NUMBERS = ['-1', '1e308', '99999999999', '4294967296', '2147483647', '0.5', 'null', '[]']
const BYTES = [0, 255, 0x22, 0x7b, 0x5d, 0x39]

export class Mutations {
  readonly #words = new Uint32Array(4)
  #drawn = 0

  constructor(readonly seed: number) {}

  /** A whole number from 0 to below `limit`. */
  random(limit: number): number {
    philox(this.#words, 0, this.#drawn++, 0, 0, 0, this.seed, 1)
    return (this.#words[0] ?? 0) % limit
  }

  /** One to four changes: bits flipped, bytes set, cut, put in or taken out. */
  bytes(bytes: Uint8Array): Uint8Array {
    let out = Buffer.from(bytes)
    for (let changes = 1 + this.random(4); changes > 0; changes--) {
      const at = this.random(out.length + 1)
      const kind = this.random(5)
      if (kind === 0 && at < out.length) out[at] = (out[at] ?? 0) ^ (1 << this.random(8))
      if (kind === 1 && at < out.length) out[at] = BYTES[this.random(BYTES.length)] ?? 0
      if (kind === 2) out = out.subarray(0, at)
      if (kind === 3) out = Buffer.concat([out.subarray(0, at), out.subarray(at + this.random(16))])
      if (kind === 4) out = Buffer.concat([out, out.subarray(at, at + this.random(64))])
      out = Buffer.from(out)
    }
    return out
  }

  /** JSON that parses still: one to three numbers, texts or entries are others. */
  json(text: string): string {
    let out = text
    for (let changes = 1 + this.random(3); changes > 0; changes--) {
      const tokens = [...out.matchAll(/-?\d+(\.\d+)?|"[^"\\]*"(?!:)/g)]
      const { index = 0, 0: found = '' } = tokens[this.random(tokens.length)] ?? {}
      const other = this.random(2) === 0 ? tokens[this.random(tokens.length)]?.[0] : undefined
      const value = other ?? NUMBERS[this.random(NUMBERS.length)] ?? '0'
      out = out.slice(0, index) + value + out.slice(index + found.length)
    }
    return out
  }
}
