/** JSON as an attacker might change it, from seeded numbers. */
import { philox } from '@gradpool/core/engine'

const NUMBERS = ['-1', '1e308', '99999999999', '4294967296', '2147483647', '0.5', 'null', '[]']

export class Mutations {
  readonly #words = new Uint32Array(4)
  #drawn = 0

  constructor(readonly seed: number) {}

  /** A whole number from 0 to below `limit`. */
  random(limit: number): number {
    philox(this.#words, 0, this.#drawn++, 0, 0, 0, this.seed, 1)
    return (this.#words[0] ?? 0) % limit
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
