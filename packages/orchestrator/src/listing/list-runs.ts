/**
 * The runs of a folder, a thousand of them at once: an index keeps what their files told, with size and times of these
 * files, and is asked only where a file has not changed since.
 *
 *     <runs>/.index.json        sealed; see storage's sealed-json.ts
 *
 * It may be removed at any time. One that is damaged, of another version or not there is made again, and one that
 * cannot be written is done without. Of two processes that write it at once, either's is whole, and the next one that
 * lists reads what it lacks.
 */
import {
  hasFields,
  isCount,
  isText,
  messageOf,
  openSealed,
  readRegular,
  sealJson,
  writeDurably,
} from '@gradpool/storage'
import { constants } from 'node:buffer'
import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn, order } from '../runs/read-run.js'
import { isLocked } from '../runs/run-lock.js'
import { isLabels, LABELS_FILE } from './run-labels.js'
import { LoggedProgress, summarize, whileLocked, type RunSummary } from './run-summary.js'

export const INDEX_FILE = '.index.json'
const FORMAT = 'gradpool-runs'
const FORMAT_VERSION = 1

interface Entry {
  /** Of the files that it was read from. */
  readonly files: string
  readonly run: RunSummary
}

/**
 * The oldest first; none when the folder is not there.
 *
 * @param onDamaged Told in one sentence of each whose files cannot be read; it is left out.
 * @throws UserError for a folder that cannot be read
 */
export async function listRuns(parent = 'runs', onDamaged?: (message: string) => void): Promise<RunSummary[]> {
  return new RunList(parent).read(onDamaged)
}

/** A folder that is listed again and again: what is known of it stays in memory. */
export class RunList {
  readonly parent: string
  #known: ReadonlyMap<string, Entry> | undefined
  /** Of runs that have no end, by name. */
  readonly #progress = new Map<string, LoggedProgress>()

  constructor(parent = 'runs') {
    this.parent = parent
  }

  /** As `listRuns`. */
  async read(onDamaged: (message: string) => void = () => undefined): Promise<RunSummary[]> {
    const names = await namesIn(this.parent)
    const path = join(this.parent, INDEX_FILE)
    const isFirst = this.#known === undefined
    const known = this.#known ?? (names.includes(INDEX_FILE) ? await readIndex(path) : new Map<string, Entry>())
    const entries = new Map<string, Entry>()
    const found: RunSummary[] = []
    let isStale = false
    for (const name of names) {
      const directory = join(this.parent, name)
      const files = filesTold(directory)
      if (files === undefined) continue
      try {
        const before = known.get(name)
        const isKnown = before?.files === files
        const damage: string[] = []
        const run = isKnown ? before.run : await this.#summarize(name, files, (message) => damage.push(message))
        for (const message of damage) onDamaged(message)
        // What damage there is, is told each time.
        if (damage.length === 0) {
          entries.set(name, { files, run })
          // A run that goes on is read often; its index is written when it has ended.
          isStale ||= !isKnown && (isFirst || hasResult(files))
        }
        const isRunning = existsSync(`${directory}/lock`) && isLocked(directory)
        found.push(isRunning ? whileLocked(run) : run)
      } catch (error) {
        this.#progress.delete(name)
        onDamaged(messageOf(error))
      }
    }
    isStale ||= entries.size < known.size
    this.#known = entries
    if (isStale) await writeIndex(path, entries).catch(() => undefined)
    return found.sort((a, b) => order(a.started, b.started) || order(a.name, b.name))
  }

  /** Of a log that has grown, only what was added is read. */
  #summarize(name: string, files: string, onDamaged: (message: string) => void): Promise<RunSummary> {
    const directory = join(this.parent, name)
    if (hasResult(files)) {
      this.#progress.delete(name)
      return summarize(directory, onDamaged)
    }
    const progress = this.#progress.get(name) ?? new LoggedProgress(directory)
    this.#progress.set(name, progress)
    return summarize(directory, onDamaged, progress)
  }
}

/**
 * Sizes, times and numbers of the files that a summary is read from; undefined where there is no run. While there is no
 * result, the log counts.
 */
function filesTold(directory: string): string | undefined {
  // In thousands, `join` takes longer than to ask.
  const record = told(`${directory}/run.json`)
  if (record === '') return undefined
  const result = told(`${directory}/result.json`)
  const last = result === '' ? told(`${directory}/events.jsonl`) : result
  return `${record} ${result === '' ? 'log' : 'result'} ${last} ${told(`${directory}/${LABELS_FILE}`)}`
}

const hasResult = (files: string): boolean => files.includes(' result ')

/** Empty for one that is not there, or cannot be asked about. */
function told(path: string): string {
  try {
    const status = lstatSync(path, { throwIfNoEntry: false })
    return status === undefined ? '' : `${status.size}:${status.mtimeMs}:${status.ctimeMs}:${status.ino}`
  } catch {
    return ''
  }
}

/** Empty where it cannot be used. */
async function readIndex(path: string): Promise<ReadonlyMap<string, Entry>> {
  try {
    const { value, isWhole } = openSealed(String(await readRegular(path, { most: constants.MAX_STRING_LENGTH })))
    if (isWhole && isIndex(value)) return new Map(Object.entries(value.runs))
  } catch {
    // It is made again.
  }
  return new Map()
}

async function writeIndex(path: string, entries: ReadonlyMap<string, Entry>): Promise<void> {
  const runs = Object.fromEntries(entries)
  await writeDurably(path, sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, runs }, undefined, 0))
}

function isIndex(value: unknown): value is { readonly runs: Readonly<Record<string, Entry>> } {
  return hasFields(value, {
    format: (format) => format === FORMAT,
    formatVersion: (version) => version === FORMAT_VERSION,
    runs: (runs) => hasFields(runs, {}) && Object.entries(runs).every(([name, entry]) => isEntry(name, entry)),
  })
}

function isEntry(name: string, entry: unknown): boolean {
  return hasFields(entry, OF_ENTRY) && hasFields(entry.run, OF_RUN) && entry.run.name === name
}

const OF_EXPERIMENT = {
  name: isText,
  seed: isCount,
  status: isText,
  metrics: (metrics: unknown) => hasFields(metrics, {}),
  data: (data: unknown) => hasFields(data, { name: isText, hash: isText }),
}

const OF_RUN = {
  name: isText,
  started: isText,
  status: isText,
  engine: isText,
  experiments: (all: unknown) => Array.isArray(all) && all.every((one) => hasFields(one, OF_EXPERIMENT)),
}

const OF_ENTRY = { files: isText, run: isLabels }
