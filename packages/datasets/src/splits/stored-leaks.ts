/**
 * Rows that are in two splits, where some are in files: those of one hash are found, with a few bytes for each row that
 * is held out, and then read and compared.
 */
import type { Split } from '@gradpool/core/engine'
import { rowsOf, type Fields } from '../fields.js'
import { hashReader, inMemory, rowBytesOf } from '../stored/stored-fields.js'
import { bytesIn, hashesOf } from './row-hashes.js'
import type { FoundRow } from './row-table.js'

/** Hashes that are read at once. */
const BLOCK_ROWS = 2 ** 17
/** Rows that are compared at once take so many bytes. */
const BLOCK_BYTES = 2 ** 24

export interface NamedSplit {
  readonly name: string
  readonly split: Split
}

export interface Leak {
  /** The split and the row that is held out. */
  readonly held: FoundRow
  /** What it is the same as. */
  readonly same: FoundRow
}

/**
 * Each row of splits that are held out with the first row that is the same, bit for bit, of those before: of the
 * training, or of a split that comes before its own.
 *
 * @param names the fields that count
 */
export function* storedLeaks(
  training: NamedSplit,
  held: readonly NamedSplit[],
  names: readonly string[],
): Generator<Leak> {
  const groups = new HashGroups(held.reduce((sum, { split }) => sum + split.rows.length, 0))
  const groupsOf = (split: Split, groupOf: (first: number, second: number) => number): Int32Array => {
    const own = new Int32Array(split.rows.length)
    eachHash(split, names, (first, second, place) => (own[place] = groupOf(first, second)))
    return own
  }
  const own = held.map(({ split }) => groupsOf(split, (first, second) => groups.add(first, second)))
  /** For each group, the first row of a split. */
  const firstOf = ({ rows }: Split): { first: Int32Array; see: (group: number, place: number) => void } => {
    const first = new Int32Array(groups.count).fill(-1)
    const see = (group: number, place: number) => {
      if (group >= 0 && first[group] === -1) first[group] = rows[place] ?? 0
    }
    return { first, see }
  }
  const trained = firstOf(training.split)
  eachHash(training.split, names, (first, second, place) => trained.see(groups.find(first, second), place))
  const before = [
    { ...training, first: trained.first },
    ...held.map((each, index) => {
      const { first, see } = firstOf(each.split)
      own[index]?.forEach(see)
      return { ...each, first }
    }),
  ]
  for (const [index, { name, split }] of held.entries()) {
    const { rows } = split
    const groupOf = own[index] ?? new Int32Array()
    const same = new Int32Array(rows.length).fill(-1)
    const sameIn = new Uint8Array(rows.length)
    for (const [number, other] of before.slice(0, index + 1).entries()) {
      const otherOf = (place: number) => other.first[groupOf[place] ?? -1] ?? -1
      const isOpen = (place: number) => same[place] === -1 && otherOf(place) >= 0
      for (const places of blocksWhere(rows.length, isOpen, rowsAtOnce(split.fields, names))) {
        const pairs = places.map((place) => [rows[place] ?? 0, otherOf(place)] as const)
        sameRows(split, other.split, pairs, names).forEach((isSame, at) => {
          const place = places[at] ?? 0
          if (isSame) [same[place], sameIn[place]] = [otherOf(place), number]
        })
      }
    }
    for (const [place, row] of rows.entries()) {
      const [other, found] = [before[sameIn[place] ?? 0], same[place] ?? -1]
      if (other && found >= 0) yield { held: { split: name, row }, same: { split: other.name, row: found } }
    }
  }
}

/** Places from 0 to before `count` that are wanted, some at a time. */
function* blocksWhere(count: number, isWanted: (place: number) => boolean, most: number): Generator<number[]> {
  let places: number[] = []
  for (let place = 0; place < count; place++) {
    if (isWanted(place)) places.push(place)
    if (places.length < most && place < count - 1) continue
    if (places.length > 0) yield places
    places = []
  }
}

/** Tells of each row of a split, in its order. */
function eachHash(
  { fields, rows }: Split,
  names: readonly string[],
  take: (first: number, second: number, place: number) => void,
): void {
  let place = 0
  for (const { values, count } of blocksOf(fields, rows, names)) {
    for (let at = 0; at < count; at++) take(values[2 * at] ?? 0, values[2 * at + 1] ?? 0, place++)
  }
}

function* blocksOf(
  fields: Fields,
  rows: Int32Array,
  names: readonly string[],
): Generator<{ readonly values: Uint32Array; readonly count: number }> {
  const reader = Object.keys(fields).length === names.length ? hashReader(fields) : undefined
  const blockRows = reader ? BLOCK_ROWS : rowsAtOnce(fields, names)
  const values = new Uint32Array(reader ? 2 * Math.min(blockRows, rows.length) : 0)
  try {
    for (let from = 0; from < rows.length; from += blockRows) {
      const some = rows.subarray(from, from + blockRows)
      if (reader) {
        reader.read(some, [new Uint8Array(values.buffer)])
        yield { values, count: some.length }
      } else {
        yield { values: hashesOf(ownRows({ fields, rows: some }, names), names, some.length), count: some.length }
      }
    }
  } finally {
    reader?.close()
  }
}

/** Whether both rows of each pair are the same, bit for bit. */
function sameRows(
  some: Split,
  others: Split,
  pairs: readonly (readonly [row: number, other: number])[],
  names: readonly string[],
): boolean[] {
  const of = ({ fields }: Split, side: 0 | 1) =>
    ownRows({ fields, rows: Int32Array.from(pairs, (pair) => pair[side]) }, names)
  const [left, right] = [of(some, 0), of(others, 1)]
  return pairs.map((_, at) => names.every((name) => isSame(left, right, name, { at, count: pairs.length })))
}

function isSame(
  left: Fields,
  right: Fields,
  name: string,
  { at, count }: { readonly at: number; readonly count: number },
): boolean {
  const [one, other] = [left[name], right[name]]
  if (!one || !other) return false
  const [bytes, others] = [bytesIn(one), bytesIn(other)]
  const size = bytes.length / count
  for (let i = at * size; i < (at + 1) * size; i++) if (bytes[i] !== others[i]) return false
  return true
}

/** These rows alone, in memory. */
function ownRows({ fields, rows }: Split, names: readonly string[]): Fields {
  const stored = inMemory({ fields, rows }, names)
  if (stored.fields !== fields) return stored.fields
  return Object.fromEntries(
    names.flatMap((name) => {
      const field = fields[name]
      if (field === undefined) return []
      const size = field.values.length / rowsOf(field)
      const values = field.values.slice(0, rows.length * size)
      rows.forEach((row, at) => {
        values.set(field.values.subarray(row * size, (row + 1) * size), at * size)
      })
      return [[name, { ...field, values }]]
    }),
  )
}

function rowsAtOnce(fields: Fields, names: readonly string[]): number {
  return Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_BYTES / rowBytesOf(fields, names))))
}

/** Numbers of hashes, from 0, in the order in which they came. */
class HashGroups {
  /** The number of a group, from 1, at its hash or after it; 0 where there is none. */
  readonly #places: Int32Array
  readonly #hashes: Uint32Array
  count = 0

  /** @param most How many come at most. */
  constructor(most: number) {
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)))
    this.#hashes = new Uint32Array(2 * most)
  }

  add(first: number, second: number): number {
    const at = this.#placeOf(first, second)
    if (this.#places[at] === 0) {
      this.#hashes[2 * this.count] = first
      this.#hashes[2 * this.count + 1] = second
      this.#places[at] = ++this.count
    }
    return (this.#places[at] ?? 0) - 1
  }

  /** -1 where it is none of those that came. */
  find(first: number, second: number): number {
    return (this.#places[this.#placeOf(first, second)] ?? 0) - 1
  }

  #placeOf(first: number, second: number): number {
    const mask = this.#places.length - 1
    for (let at = first & mask; ; at = (at + 1) & mask) {
      const group = (this.#places[at] ?? 0) - 1
      if (group < 0 || (this.#hashes[2 * group] === first && this.#hashes[2 * group + 1] === second)) return at
    }
  }
}
