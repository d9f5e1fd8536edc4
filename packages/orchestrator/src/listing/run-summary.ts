/** What a list of runs tells of one: little, and all of it read from the files of the run. */
import { UserError } from '@gradpool/core'
import { messageOf } from '@gradpool/storage'
import { type EpochRow, type Metrics } from '@gradpool/trainer'
import { basename, join } from 'node:path'
import { EventLog, type LoggedEvent } from '../runs/event-log.js'
import { readRecord, readResult, type RunContents } from '../runs/read-run.js'
import type { ExperimentStatus, RunResult } from '../runs/run-result.js'
import { readLabels, type RunLabels } from './run-labels.js'

/** `cut off`: it has no end, and no process works on it; `running` is told by the lock alone. */
export type RunStatus = ExperimentStatus | 'running' | 'cut off'

export interface ExperimentSummary {
  readonly name: string
  readonly seed: number
  readonly status: RunStatus
  /** Seconds of training. */
  readonly seconds: number | null
  /** Epochs that its last stage has done. */
  readonly epochs: number
  /**
   * Those that are finite numbers: `test.loss`, and of the last epoch `validation.loss` and `training.loss`.
   */
  readonly metrics: Readonly<Record<string, number>>
  /** As it is in the record, without the presets, which are applied. */
  readonly config: unknown
  readonly data: { readonly name: string; readonly hash: string }
}

export interface RunSummary extends RunLabels {
  /** Of its directory. */
  readonly name: string
  /** ISO 8601. */
  readonly started: string
  readonly status: RunStatus
  /** Of the whole run; null where it has no end. */
  readonly seconds: number | null
  readonly engine: string
  readonly numerics: string
  readonly version: string
  readonly commit: string | null
  readonly experiments: readonly ExperimentSummary[]
}

/**
 * @param onDamaged Told in one sentence of labels that cannot be read; the run is listed without.
 * @param progress What was read of its log before.
 * @throws UserError when there is no run in the directory, or its files are damaged
 */
export async function summarize(
  directory: string,
  onDamaged: (message: string) => void,
  progress = new LoggedProgress(directory),
): Promise<RunSummary> {
  const record = await readRecord(directory)
  const result = await readResult(join(directory, 'result.json'), record)
  const labels = await readLabels(directory).catch((error: unknown): RunLabels => {
    if (!(error instanceof UserError)) throw error
    onDamaged(messageOf(error))
    return { tags: [], note: '' }
  })
  const experiments = result === null ? await progress.summaries(record) : ended(record, result)
  return {
    name: basename(directory),
    started: record.started,
    status: statusOf(experiments.map(({ status }) => status)),
    seconds: result?.seconds ?? null,
    engine: record.engine.name,
    numerics: record.engine.numerics,
    version: record.versions.gradpool ?? '',
    commit: record.commit ?? null,
    ...labels,
    experiments,
  }
}

/** While a process works on it, what has not come to its end is running. */
export function whileLocked(run: RunSummary): RunSummary {
  const live = (status: RunStatus): RunStatus => (status === 'done' || status === 'failed' ? status : 'running')
  const experiments = run.experiments.map((one) => ({ ...one, status: live(one.status) }))
  return { ...run, status: 'running', experiments }
}

const WORST_FIRST: readonly RunStatus[] = ['running', 'failed', 'cut off', 'interrupted']

function statusOf(statuses: readonly RunStatus[]): RunStatus {
  return WORST_FIRST.find((status) => statuses.includes(status)) ?? 'done'
}

function ended({ experiments }: RunContents['record'], result: RunResult): ExperimentSummary[] {
  // That it is of this record, the reader has seen.
  return experiments.map(({ name, seed, config, data }, at) => {
    const one = result.experiments[at]
    const epochs = one?.stages.at(-1)?.epochs ?? []
    return {
      name,
      seed,
      status: one?.status ?? 'interrupted',
      seconds: one?.seconds ?? null,
      epochs: epochs.length,
      metrics: { ...metricsOfTest(one?.test ?? null), ...metricsOfRow(epochs.at(-1)) },
      config: applied(config),
      data,
    }
  })
}

/** Of a run that has no end: what its log tells, read as it grows. */
export class LoggedProgress {
  readonly #log: EventLog
  readonly #rows = new Map<string, EpochRow>()
  readonly #tests = new Map<string, Metrics | null>()
  readonly #failed = new Set<string>()
  readonly #seconds = new Map<string, number>()

  constructor(directory: string) {
    this.#log = new EventLog(directory)
  }

  /** @throws UserError for a log that is damaged */
  async summaries({ experiments }: RunContents['record']): Promise<ExperimentSummary[]> {
    for await (const { events, isAnew } of this.#log.added()) {
      if (isAnew) for (const told of [this.#rows, this.#tests, this.#failed, this.#seconds]) told.clear()
      for (const event of events) this.#add(event)
    }
    return experiments.map((one) => this.#summaryOf(one))
  }

  #add(event: LoggedEvent): void {
    if (event.type === 'epoch') this.#rows.set(event.stage.hash, event.row)
    if (event.type === 'stageDone' || event.type === 'stageReused') this.#tests.set(event.stage.hash, event.test)
    if (event.type === 'stageDone') this.#seconds.set(event.stage.hash, event.seconds)
    if (event.type === 'stageFailed') this.#failed.add(event.stage.hash)
    if (event.type === 'stageStarted') this.#failed.delete(event.stage.hash)
  }

  #summaryOf({ name, seed, config, data, stages }: RunContents['record']['experiments'][number]): ExperimentSummary {
    const hashes = stages.map(({ hash }) => hash)
    const last = hashes.at(-1) ?? ''
    const isDone = hashes.every((hash) => this.#tests.has(hash))
    const row = this.#rows.get(last)
    return {
      name,
      seed,
      status: isDone ? 'done' : hashes.some((hash) => this.#failed.has(hash)) ? 'failed' : 'cut off',
      seconds: isDone ? hashes.reduce((sum, hash) => sum + (this.#seconds.get(hash) ?? 0), 0) : null,
      epochs: row?.epoch ?? 0,
      metrics: { ...metricsOfTest(this.#tests.get(last) ?? null), ...metricsOfRow(row) },
      config: applied(config),
      data,
    }
  }
}

function applied(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || !('presets' in config)) return config
  return Object.fromEntries(Object.entries(config).filter(([name]) => name !== 'presets'))
}

function metricsOfTest(test: Metrics | null): Record<string, number> {
  return test === null ? {} : named('test.', test)
}

function metricsOfRow(row: EpochRow | undefined): Record<string, number> {
  if (row === undefined) return {}
  return { ...named('validation.', row.validation ?? {}), ...named('training.', row) }
}

/** What a row has beside metrics. */
const TIMES: readonly string[] = ['epoch', 'seconds']

function named(prefix: string, metrics: object): Record<string, number> {
  const numbers = Object.entries(metrics).filter(([name, value]) => Number.isFinite(value) && !TIMES.includes(name))
  return Object.fromEntries(numbers.map(([name, value]) => [prefix + name, Number(value)]))
}
