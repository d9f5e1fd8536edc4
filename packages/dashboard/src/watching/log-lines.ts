/**
 * The last lines of what a run said: its events, and what a process printed that was told to go on with it from here.
 */
import { hasFields, isMissing, isText, openRegular } from '@gradpool/storage'
import type { LoggedEvent } from '@gradpool/orchestrator'
import { join } from 'node:path'
import type { LogLine } from '../api.js'

/** In the directory of a run: what a process printed that was started by the dashboard. */
export const OUTPUT_FILE = 'output.log'

/** Of each file, its end. */
const MOST_BYTES = 2 ** 20
const MOST_METRICS = 6

export async function logLines(directory: string, most: number): Promise<LogLine[]> {
  const [log, output] = await Promise.all([
    lastLines(join(directory, 'events.jsonl')),
    lastLines(join(directory, OUTPUT_FILE)),
  ])
  const printed = output.map((text): LogLine => ({ time: null, kind: 'output', text: text.trimEnd() }))
  return [...log.flatMap(lineOf), ...printed.filter(({ text }) => text !== '')].slice(-most)
}

/** Without one that is still being written, and without one of which only the end is there. */
export async function lastLines(path: string): Promise<string[]> {
  const opened = await openRegular(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (opened === undefined) return []
  const { file, size } = opened
  try {
    const start = Math.max(0, size - MOST_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n').slice(0, -1)
    return start > 0 ? lines.slice(1) : lines
  } finally {
    await file.close()
  }
}

function lineOf(line: string): LogLine[] {
  try {
    const event: unknown = JSON.parse(line)
    // As far as every event is alike; of one that lacks more, the text throws.
    return hasFields(event, { type: isText, time: isText }) ? told(event as unknown as LoggedEvent) : []
  } catch {
    return []
  }
}

function told(event: LoggedEvent): LogLine[] {
  // The page draws it; a line for each would push out what happens.
  if (event.type === 'usage') return []
  const line = lineFor(event, event.time)
  return line === undefined ? [] : [line]
}

/** Undefined for an event of a kind that is not known here. */
function lineFor(event: Exclude<LoggedEvent, { type: 'usage' }>, time: string): LogLine | undefined {
  switch (event.type) {
    case 'warning':
      return { time, kind: 'warning', text: event.message }
    case 'stageFailed':
      return { time, kind: 'error', text: `${titleOf(event.stage)} failed: ${event.error}` }
    case 'experimentDone': {
      const { name, seed, status, error } = event.result
      const text = `${name} (seed ${seed}) is ${status}${error === undefined ? '' : `: ${error}`}`
      return { time, kind: status === 'failed' ? 'error' : 'event', text }
    }
    case 'resumed':
      return { time, kind: 'event', text: `The run goes on${event.after ? ` after ${event.after}` : ''}` }
    case 'stageStarted':
      return { time, kind: 'event', text: `${titleOf(event.stage)} started: ${event.epochs} epochs` }
    case 'epoch':
      return { time, kind: 'event', text: `${titleOf(event.stage)} epoch ${event.row.epoch}: ${metrics(event.row)}` }
    case 'threads':
      return { time, kind: 'event', text: `${titleOf(event.stage)} trains on ${event.threads} threads` }
    case 'stageDone':
      return { time, kind: 'event', text: `${titleOf(event.stage)} ended in ${event.seconds.toFixed(1)} s` }
    case 'stageReused':
      return { time, kind: 'event', text: `${titleOf(event.stage)} was done before` }
    case 'logged':
      return { time, kind: 'event', text: `${titleOf(event.stage)} logged the ${event.item.type} '${event.item.name}'` }
  }
}

function titleOf({ experiments, name, seed }: Extract<LoggedEvent, { type: 'epoch' }>['stage']): string {
  return `${experiments[0] ?? ''} ${name} (seed ${seed})`
}

function metrics(row: Extract<LoggedEvent, { type: 'epoch' }>['row']): string {
  const { validation, ...own } = row
  const named = (prefix: string, values: object) =>
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === 'number' && name !== 'epoch' && name !== 'seconds'
        ? [`${prefix}${name} ${value.toPrecision(4)}`]
        : [],
    )
  return [...named('', own), ...named('validation ', validation ?? {})].slice(0, MOST_METRICS).join(', ')
}
