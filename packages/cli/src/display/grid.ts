/** Tables whose columns line up in any script, no wider than the terminal where one column can give way. */
import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import { type Colours } from './outlet.js'
import { padEnd, textWidth } from './text-width.js'

export interface GridOptions {
  readonly columns: number
  readonly colours: Colours
  /** The column whose text is wrapped where the table would be too wide. */
  readonly flexible?: number
  /** Columns of numbers. */
  readonly right: readonly number[]
}

const narrowest = 16
const gap = '  '

/** Nothing is drawn between cells but a gap. */
const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: gap,
}

export function gridOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { columns, colours, flexible, right }: GridOptions,
): string {
  const plain = rows.map((row) => head.map((_, at) => stripVTControlCharacters(row[at] ?? '')))
  const widths = head.map((title, at) =>
    plain.reduce((most, row) => Math.max(most, textWidth(row[at] ?? '')), textWidth(title)),
  )
  const gaps = gap.length * (head.length - 1)
  const others = widths.reduce((sum, width, at) => (at === flexible ? sum : sum + width), gaps)
  const fit = (width: number) => Math.min(width, Math.max(narrowest, columns - others))
  const colWidths = widths.map((width, at) => (at === flexible ? fit(width) : width))
  const rule = colWidths.map((width) => '─'.repeat(width))
  const lines = [head.map((title) => colours.bold(title)), rule, ...rows]
  const isWrapped = flexible !== undefined && colWidths[flexible] !== widths[flexible]
  // The library takes a second for a thousand lines.
  if (!isWrapped && !lines.some((line) => line.some((cell) => cell.includes('\n')))) {
    return lines.map((line) => lineOf(line, colWidths, right)).join('\n')
  }
  const table = new Table({
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, at) => (right.includes(at) ? 'right' : 'left')),
    colWidths,
    wordWrap: true,
    chars: noLines,
  })
  table.push(...lines.map((line) => [...line]))
  return table.toString().replace(/ +$/gm, '')
}

function lineOf(cells: readonly string[], widths: readonly number[], right: readonly number[]): string {
  const padded = widths.map((width, at) => {
    const cell = cells[at] ?? ''
    const shown = stripVTControlCharacters(cell)
    return right.includes(at)
      ? ' '.repeat(width - textWidth(shown)) + cell
      : cell + padEnd(shown, width).slice(shown.length)
  })
  return padded.join(gap).trimEnd()
}
