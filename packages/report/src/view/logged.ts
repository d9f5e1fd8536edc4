/**
 * What callbacks logged, as pages show it. However much was logged, a view has little of it: images, tables and files
 * are cut to what a page shows, a name has few epochs, and all that a run has is bounded.
 */
import type { LoggedItem } from '@gradpool/trainer'

export interface ShownImage {
  readonly height: number
  readonly width: number
  readonly channels: number
  /** A byte for each value, row by row, in base64. */
  readonly pixels: string
  /** Height and width as it was logged, where it is shown smaller. */
  readonly logged?: readonly [number, number]
}

export interface ShownTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  readonly numColumns: number
  readonly numRows: number
}

export type Cell = string | number | boolean | null

export interface ShownFile {
  readonly numBytes: number
  /** In base64; null where a page is too small for it. */
  readonly contents: string | null
}

export type ShownItem = { readonly name: string; readonly epoch: number } & (
  | { readonly type: 'image'; readonly shown: ShownImage }
  | { readonly type: 'table'; readonly shown: ShownTable }
  | { readonly type: 'file'; readonly shown: ShownFile }
)

/** What was logged by one name, over epochs. */
export interface LoggedName {
  readonly type: ShownItem['type']
  readonly name: string
  /** Epochs that it was logged in. */
  readonly epochs: number
  /** The last of them. */
  readonly last: number
  /** Of some epochs, the last among them, in order; none where the page would be too large. */
  readonly items: readonly ShownItem[]
  /** Characters that the items have. */
  readonly size: number
}

/** What a stage has of it. */
export interface StageLog {
  /** By name, in the order in which they came. */
  readonly logged: readonly LoggedName[]
  /** Items by other names, of which nothing is kept. */
  readonly moreLogged: number
}

/** The longer side of an image, in pixels. */
export const MOST_SIDE = 256
const MOST_ROWS = 30
const MOST_COLUMNS = 20
const MOST_TEXT = 200
export const MOST_FILE_BYTES = 2 ** 18
/** Epochs of a name. */
const MOST_EPOCHS: Readonly<Record<ShownItem['type'], number>> = { image: 12, table: 4, file: 4 }
/** Names of a stage. */
export const MOST_NAMES = 50
/** Characters that all items of a run have, at most. */
export const MOST_SIZE = 2 ** 20

/** As a page shows it; what is so already stays as it is. @throws TypeError for what nobody could have logged */
export function shownItem(item: LoggedItem | ShownItem): ShownItem {
  if ('shown' in item) return item
  const named = { name: text(item.name), epoch: item.epoch }
  switch (item.type) {
    case 'image':
      return { ...named, type: item.type, shown: shownImage(item.image) }
    case 'table':
      return { ...named, type: item.type, shown: shownTable(item.table) }
    case 'file': {
      const { contents } = item
      const isSmall = contents.length <= MOST_FILE_BYTES
      const shown = { numBytes: contents.length, contents: isSmall ? base64Of(contents) : null }
      return { ...named, type: item.type, shown }
    }
  }
}

type Image = Extract<LoggedItem, { type: 'image' }>['image']
type Table = Extract<LoggedItem, { type: 'table' }>['table']

function shownImage({ bytes, height, width, channels }: Image): ShownImage {
  const isWhole = [height, width, channels].every((count) => Number.isInteger(count) && count > 0)
  if (!isWhole || bytes.length !== height * width * channels) throw new TypeError('it is no image')
  const times = Math.ceil(Math.max(height, width) / MOST_SIDE)
  if (times <= 1) return { height, width, channels, pixels: base64Of(bytes) }
  const [rows, columns] = [Math.ceil(height / times), Math.ceil(width / times)]
  const small = new Uint8Array(rows * columns * channels)
  for (let at = 0; at < small.length; at++) {
    const [channel, place] = [at % channels, Math.floor(at / channels)]
    const [top, left] = [Math.floor(place / columns) * times, (place % columns) * times]
    let [sum, count] = [0, 0]
    for (let y = top; y < Math.min(height, top + times); y++) {
      for (let x = left; x < Math.min(width, left + times); x++) {
        sum += bytes[(y * width + x) * channels + channel] ?? 0
        count++
      }
    }
    small[at] = Math.round(sum / count)
  }
  return { height: rows, width: columns, channels, pixels: base64Of(small), logged: [height, width] }
}

function shownTable({ columns, rows }: Table): ShownTable {
  return {
    columns: columns.slice(0, MOST_COLUMNS).map(text),
    rows: rows.slice(0, MOST_ROWS).map((row) => row.slice(0, MOST_COLUMNS).map(cellOf)),
    numColumns: columns.length,
    numRows: rows.length,
  }
}

/** Whatever a log has, a cell is nothing but text or a number. */
function cellOf(value: unknown): Cell {
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? value : text(value)
}

function text(value: unknown): string {
  const whole = String(value)
  return whole.length > MOST_TEXT ? `${whole.slice(0, MOST_TEXT)}…` : whole
}

const CHUNK = 2 ** 13

function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK) binary += latin(bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** Several times as fast as with `...bytes`, which takes them one by one. */
function latin(bytes: Uint8Array): string {
  const text: unknown = Reflect.apply(String.fromCharCode, undefined, bytes)
  return String(text)
}

/** Characters that it has in a page, about. */
export function sizeOf({ name, type, shown }: ShownItem): number {
  if (type === 'image') return name.length + shown.pixels.length
  if (type === 'file') return name.length + (shown.contents?.length ?? 0)
  return JSON.stringify(shown).length
}

/** What a stage has logged after one item more; where it has many names already, what is left out. */
export function withItem({ logged, moreLogged }: StageLog, item: ShownItem): StageLog {
  const known = logged.find(({ type, name }) => type === item.type && name === item.name)
  if (known === undefined && logged.length >= MOST_NAMES) return { logged, moreLogged: moreLogged + 1 }
  const before = known ?? { type: item.type, name: item.name, epochs: 0, last: -Infinity, items: [], size: 0 }
  // After a cut, epochs since the last checkpoint come again.
  const items = [...before.items.filter(({ epoch }) => epoch < item.epoch), item]
  const one = sized({
    ...before,
    epochs: before.epochs + Number(item.epoch > before.last),
    last: Math.max(before.last, item.epoch),
    items: items.length > MOST_EPOCHS[item.type] ? withoutOne(items) : items,
  })
  return { logged: known ? logged.map((each) => (each === known ? one : each)) : [...logged, one], moreLogged }
}

/** With an epoch less: of what takes too much of a page. */
export function fewerEpochs(one: LoggedName): LoggedName {
  return sized({ ...one, items: withoutOne(one.items) })
}

/** Characters of all that a stage has. */
export function sizeOfLog({ logged }: StageLog): number {
  return logged.reduce((sum, { size }) => sum + size, 0)
}

function sized(one: LoggedName): LoggedName {
  return { ...one, size: one.items.reduce((sum, item) => sum + sizeOf(item), 0) }
}

/** Without the one whose neighbours are nearest to each other, never the first or the last where there are others. */
function withoutOne(items: readonly ShownItem[]): readonly ShownItem[] {
  let [out, nearest] = [0, Infinity]
  for (let at = 1; at < items.length - 1; at++) {
    const apart = (items[at + 1]?.epoch ?? 0) - (items[at - 1]?.epoch ?? 0)
    if (apart < nearest) [out, nearest] = [at, apart]
  }
  return items.toSpliced(out, 1)
}
