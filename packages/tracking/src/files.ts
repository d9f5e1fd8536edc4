/** Sinks that write plain files: CSV for spreadsheets, JSON lines for programs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LogEvent, Sink } from '@gradpool/trainer'
import { Appender } from './appender.js'
import { metricsIn, type Split } from './metrics.js'
import { relativePath } from './names.js'
import { pngOf } from './png.js'

/**
 * A table of every training in a folder, `TRAINING.csv` (`metrics.csv` of a `fit`): a line for each epoch and split,
 * with the metrics that are one number.
 */
export function csv(folder: string): Sink {
  const tables = new Map<string, { readonly file: Appender; columns?: readonly string[] }>()
  return {
    name: 'CSV',
    write(event) {
      const told = metricsIn(event)
      if (told.length === 0) return
      const path = `${event.training === '' ? 'metrics' : relativePath(event.training)}.csv`
      const table = tables.get(path) ?? { file: new Appender(join(folder, path)) }
      tables.set(path, table)
      const epoch = event.type === 'epoch' ? event.row.epoch : event.type === 'ended' ? event.epoch : 0
      if (table.columns === undefined) {
        table.columns = [...new Set(told.flatMap(({ name, value }) => (typeof value === 'number' ? [name] : [])))]
        // A training that goes on has the same metrics.
        if (!existsSync(table.file.path)) table.file.add(lineOf(['epoch', 'split', ...table.columns]))
      }
      const { columns } = table
      for (const split of ['train', 'validation', 'test'] satisfies Split[]) {
        const own = new Map(told.filter((one) => one.split === split).map(({ name, value }) => [name, value]))
        if (own.size > 0) table.file.add(lineOf([epoch, split, ...columns.map((name) => cellOf(own.get(name)))]))
      }
    },
    flush: () => Promise.all([...tables.values()].map(({ file }) => file.flush())),
  }
}

function cellOf(value: unknown): string | number {
  return typeof value === 'number' && Number.isFinite(value) ? value : ''
}

function lineOf(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => quoted(String(cell))).join(',')}\n`
}

/** As RFC 4180 has it. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/**
 * A file with one JSON document a line for every event, in the order of time. Images are PNG files and bytes are as
 * they are, in base64; weights and Programs are left out, and a number that is not finite is null.
 */
export function jsonLines(path: string): Sink {
  const file = new Appender(path)
  return {
    name: 'JSON lines',
    write: (event) => file.add(`${JSON.stringify(plain(event))}\n`),
    flush: () => file.flush(),
  }
}

function plain(event: LogEvent): object {
  const time = new Date(event.time).toISOString()
  if (event.type === 'image') return { ...event, time, image: base64(pngOf(event.image)) }
  if (event.type === 'file') return { ...event, time, contents: base64(event.contents) }
  if (event.type === 'started') return { ...event, time, program: undefined }
  return { ...event, time, weights: undefined }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
