/**
 * Byte-pair encoding (Sennrich, Haddow, Birch 2016) of the bytes of UTF-8: a vocabulary that begins with the 256 bytes,
 * and gets the most frequent pair of tokens side by side as one more token, again and again.
 *
 * A text is cut into words first, as GPT-2 does, and no token goes over the end of one: letters, digits or other signs,
 * each with a space before them, endings such as 's, and white space. So every text has tokens, and gives itself back.
 */
const WORD = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

const NUM_BYTES = 256
/** Words of more bytes are cut, so that time is linear in the length of any text. */
const MOST_BYTES = 128
/** A pair that is there once is no pattern. */
const LEAST_COUNT = 2
/** Of words whose tokens are kept, to be found again. */
const MOST_KEPT = 2 ** 17

type Pair = readonly [first: number, second: number]

/** Of two tokens, as one number. */
const keyOf = (first: number, second: number) => first * 2 ** 24 + second

/** A word and how often it is there. */
interface Word {
  tokens: number[]
  readonly count: number
}

/**
 * The pairs that become tokens 256, 257, …: in each step the pair that is most frequent within the words, and of
 * several the one whose first token has the smallest number, then whose second has. It ends early where no pair is
 * there twice.
 *
 * @param size how many tokens, the bytes among them
 */
export function learnBytePairs(texts: readonly string[], size: number): readonly Pair[] {
  const words = wordsOf(texts)
  const counts = new Map<number, number>()
  /** Words that have, or had, a pair. */
  const wordsWith = new Map<number, Set<Word>>()
  const queue = new Queue(counts)
  const change = (word: Word, by: 1 | -1, touched: Set<number>) => {
    for (let at = 1; at < word.tokens.length; at++) {
      const pair = keyOf(word.tokens[at - 1] ?? 0, word.tokens[at] ?? 0)
      counts.set(pair, (counts.get(pair) ?? 0) + by * word.count)
      touched.add(pair)
      if (by < 0) continue
      const known = wordsWith.get(pair)
      if (known) known.add(word)
      else wordsWith.set(pair, new Set([word]))
    }
  }
  const all = new Set<number>()
  for (const word of words) change(word, 1, all)
  for (const pair of all) queue.add(pair)
  const pairs: Pair[] = []
  while (NUM_BYTES + pairs.length < size) {
    const best = queue.take()
    if (best === undefined || (counts.get(best) ?? 0) < LEAST_COUNT) break
    const [first, second] = [Math.floor(best / 2 ** 24), best % 2 ** 24]
    const token = NUM_BYTES + pairs.push([first, second]) - 1
    const touched = new Set<number>()
    for (const word of wordsWith.get(best) ?? []) {
      change(word, -1, touched)
      word.tokens = joined(word.tokens, first, second, token)
      change(word, 1, touched)
    }
    wordsWith.delete(best)
    for (const pair of touched) if ((counts.get(pair) ?? 0) > 0) queue.add(pair)
  }
  return pairs
}

/** In the order in which they come first. */
function wordsOf(texts: readonly string[]): readonly Word[] {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].flatMap(([word, count]) => bytesOf(word).map((tokens) => ({ tokens, count })))
}

function bytesOf(word: string): number[][] {
  const bytes = [...Buffer.from(word)]
  const count = Math.ceil(bytes.length / MOST_BYTES)
  return Array.from({ length: count }, (_, i) => bytes.slice(i * MOST_BYTES, (i + 1) * MOST_BYTES))
}

/** From left to right, so of three equal tokens the first two become one. */
function joined(tokens: readonly number[], first: number, second: number, token: number): number[] {
  const after: number[] = []
  for (let at = 0; at < tokens.length; at++) {
    const isPair = tokens[at] === first && tokens[at + 1] === second
    after.push(isPair ? token : (tokens[at] ?? 0))
    if (isPair) at++
  }
  return after
}

/** Pairs by their counts, the largest first; entries whose count has changed since are left out when they come up. */
class Queue {
  readonly #counts: ReadonlyMap<number, number>
  readonly #heap: { readonly pair: number; readonly count: number }[] = []

  constructor(counts: ReadonlyMap<number, number>) {
    this.#counts = counts
  }

  add(pair: number): void {
    const heap = this.#heap
    let at = heap.push({ pair, count: this.#counts.get(pair) ?? 0 }) - 1
    for (let above = (at - 1) >> 1; at > 0 && this.#isBefore(at, above); above = (at - 1) >> 1)
      at = this.#swap(at, above)
  }

  take(): number | undefined {
    const heap = this.#heap
    for (let top = heap[0]; top !== undefined; top = heap[0]) {
      const last = heap.pop()
      if (heap.length > 0 && last) {
        heap[0] = last
        this.#sink()
      }
      if (top.count === this.#counts.get(top.pair)) return top.pair
    }
    return undefined
  }

  #sink(): void {
    for (let at = 0; ;) {
      let first = at
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < this.#heap.length && this.#isBefore(below, first)) first = below
      }
      if (first === at) return
      at = this.#swap(at, first)
    }
  }

  #isBefore(some: number, other: number): boolean {
    const [a, b] = [this.#heap[some], this.#heap[other]]
    if (!a || !b) return false
    return a.count === b.count ? a.pair < b.pair : a.count > b.count
  }

  #swap(from: number, to: number): number {
    const [a, b] = [this.#heap[from], this.#heap[to]]
    if (a && b) [this.#heap[from], this.#heap[to]] = [b, a]
    return to
  }
}

/** Texts as tokens of these pairs, and back. */
export class BytePairs {
  readonly size: number
  readonly #pairs: readonly Pair[]
  /** Numbers of pairs in their order. */
  readonly #numbers: ReadonlyMap<number, number>
  readonly #known = new Map<string, readonly number[]>()
  readonly #bytes: Uint8Array[]

  constructor(pairs: readonly Pair[]) {
    this.size = NUM_BYTES + pairs.length
    this.#pairs = pairs
    this.#numbers = new Map(pairs.map(([first, second], at) => [keyOf(first, second), NUM_BYTES + at]))
    this.#bytes = Array.from({ length: NUM_BYTES }, (_, byte) => Uint8Array.of(byte))
  }

  encode(text: string): Int32Array {
    // Never more than bytes.
    const tokens = new Int32Array(Buffer.byteLength(text))
    let length = 0
    for (const [word] of text.matchAll(WORD)) {
      for (const token of this.#tokensOf(word)) tokens[length++] = token
    }
    return tokens.slice(0, length)
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  decode(tokens: ArrayLike<number>): string {
    return Buffer.concat(Array.from(tokens, (token) => this.#bytesOf(token))).toString()
  }

  #tokensOf(word: string): readonly number[] {
    const known = this.#known.get(word)
    if (known) return known
    const tokens = bytesOf(word).flatMap((bytes) => this.#paired(bytes))
    if (this.#known.size < MOST_KEPT) this.#known.set(word, tokens)
    return tokens
  }

  /** Pairs become tokens in the order in which these were learnt. */
  #paired(bytes: readonly number[]): readonly number[] {
    let tokens = bytes
    for (;;) {
      let least = Infinity
      for (let at = 1; at < tokens.length; at++) {
        const number = this.#numbers.get(keyOf(tokens[at - 1] ?? 0, tokens[at] ?? 0)) ?? Infinity
        least = Math.min(least, number)
      }
      const pair = this.#pairs[least - NUM_BYTES]
      if (pair === undefined) return tokens
      tokens = joined(tokens, ...pair, least)
    }
  }

  #bytesOf(token: number): Uint8Array {
    for (let at = this.#bytes.length; at <= token && at < this.size; at++) {
      const [first, second] = this.#pairs[at - NUM_BYTES] ?? [0, 0]
      this.#bytes.push(Buffer.concat([this.#bytes[first] ?? new Uint8Array(), this.#bytes[second] ?? new Uint8Array()]))
    }
    return this.#bytes[token] ?? new Uint8Array()
  }
}
