/**
 * What people look at of a run: a fold over its events. A page of a run that is over and one of a run that goes on have
 * the same view, the one from `events.jsonl`, the other event by event.
 */
import type { ExperimentStatus, RunEvent, RunRecord, Sample, StageRef } from '@gradpool/orchestrator'
import type { EpochRow, Metrics } from '@gradpool/trainer'
import { fewerEpochs, MOST_SIZE, shownItem, sizeOfLog, withItem, type ShownItem, type StageLog } from './logged.js'
import { withUsage, type UsageSpan } from './usage.js'

type LoggedEvent = Extract<RunEvent, { type: 'logged' }>

/**
 * What a run tells, with when: ISO 8601, as in `events.jsonl`. What was logged may be cut to what pages show
 * (`shownEvent`).
 */
export type TimedEvent = (RunEvent | (Omit<LoggedEvent, 'item'> & { readonly item: ShownItem })) & {
  readonly time: string
}

/** For what goes over a connection, or is kept: of what was logged, only what pages show. */
export function shownEvent(event: TimedEvent): TimedEvent {
  return event.type === 'logged' ? { ...event, item: shownItem(event.item) } : event
}

/** From when to when a stage trained on so many threads, in seconds since the run was begun. */
export interface Span {
  readonly from: number
  /** Null while it goes on. */
  readonly to: number | null
  readonly threads: number
}

export type StageStatus = 'waiting' | 'running' | 'done' | 'failed' | 'interrupted'

export interface StageView extends StageLog {
  readonly hash: string
  /** `autoencode`, `classify`, or a name of the user's. */
  readonly name: string
  readonly seed: number
  /** Names of the experiments that have this stage. */
  readonly experiments: readonly string[]
  readonly status: StageStatus
  /** Was not trained by this run, or not again. */
  readonly isReused: boolean
  /** Null before it starts. */
  readonly epochs: number | null
  readonly examples: { readonly train: number; readonly validation: number; readonly test: number } | null
  readonly rows: readonly EpochRow[]
  readonly spans: readonly Span[]
  /** Of training; null before its end. */
  readonly seconds: number | null
  readonly test: Metrics | null
  readonly samples: readonly Sample[]
  /** One sentence, where it failed. */
  readonly error?: string
}

export interface ExperimentView {
  readonly name: string
  readonly seed: number
  /** The report's 조건. */
  readonly condition: string
  /** The report's figure; null for experiments that are not the report's. */
  readonly reported: number | null
  readonly status: ExperimentStatus | 'running'
  readonly error?: string
  readonly test: Metrics | null
  readonly accuracy: number | null
  readonly seconds: number
  readonly weightsHash: string | null
  /** Hashes of its stages, in order. */
  readonly stages: readonly string[]
  readonly data: { readonly name: string; readonly hash: string }
  readonly config: unknown
}

export interface RunView {
  /** Of its directory. */
  readonly name: string
  readonly record: Omit<RunRecord, 'experiments' | 'record' | 'costs'>
  readonly experiments: readonly ExperimentView[]
  /** By hash. */
  readonly stages: Readonly<Record<string, StageView>>
  /** From the beginning to the last event. */
  readonly seconds: number
  /** Of the process of the run; empty where nobody measured it. */
  readonly usage: readonly UsageSpan[]
  /** Characters of all that stages have logged, as far as it is kept. */
  readonly loggedSize: number
  readonly warnings: readonly string[]
}

/** Before the first event. */
export function newRunView(name: string, { experiments, record: _, costs: __, ...record }: RunRecord): RunView {
  const stages = new Map<string, StageView>()
  for (const experiment of experiments) {
    for (const { hash, name: stage } of experiment.stages) {
      const known = stages.get(hash)?.experiments ?? []
      const names = known.includes(experiment.name) ? known : [...known, experiment.name]
      stages.set(hash, waiting({ hash, name: stage, seed: experiment.seed, experiments: names }))
    }
  }
  return {
    name,
    record,
    experiments: experiments.map(({ name, seed, config, data, stages }) => ({
      name,
      seed,
      ...toldIn(config),
      status: 'running',
      test: null,
      accuracy: null,
      seconds: 0,
      weightsHash: null,
      stages: stages.map(({ hash }) => hash),
      data,
      config,
    })),
    stages: Object.fromEntries(stages),
    seconds: 0,
    usage: [],
    loggedSize: 0,
    warnings: [],
  }
}

function waiting(ref: StageRef): StageView {
  return {
    ...ref,
    status: 'waiting',
    isReused: false,
    epochs: null,
    examples: null,
    rows: [],
    spans: [],
    seconds: null,
    test: null,
    samples: [],
    logged: [],
    moreLogged: 0,
  }
}

/** A model of the user's own may have any configuration. */
function toldIn(config: unknown): Pick<ExperimentView, 'condition' | 'reported'> {
  const fields: Partial<Record<'condition' | 'reported', unknown>> =
    typeof config === 'object' && config !== null ? config : {}
  const { condition, reported } = fields
  return {
    condition: typeof condition === 'string' ? condition : '',
    reported: typeof reported === 'number' ? reported : null,
  }
}

/** The view after one more event. */
export function withEvent(view: RunView, event: TimedEvent): RunView {
  const seconds = Math.max(view.seconds, (Date.parse(event.time) - Date.parse(view.record.started)) / 1000 || 0)
  const next = { ...view, seconds }
  switch (event.type) {
    case 'stageStarted':
      return withStage(next, event.stage, (stage) => ({
        status: 'running',
        epochs: event.epochs,
        examples: event.examples,
        spans: [...closed(stage.spans, seconds), { from: seconds, to: null, threads: 1 }],
      }))
    case 'threads':
      return withStage(next, event.stage, (stage) => ({
        spans: [...closed(stage.spans, seconds), { from: seconds, to: null, threads: event.threads }],
      }))
    case 'epoch':
      // After a cut, epochs since the last checkpoint come again.
      return withStage(next, event.stage, ({ rows }) => ({
        rows: [...rows.filter(({ epoch }) => epoch < event.row.epoch), event.row],
      }))
    case 'stageDone':
      return withStage(next, event.stage, (stage) => ({
        status: 'done',
        spans: closed(stage.spans, seconds),
        seconds: event.seconds,
        test: event.test,
        samples: event.samples,
      }))
    case 'stageReused':
      return withStage(next, event.stage, (stage) => ({
        status: 'done',
        isReused: true,
        spans: closed(stage.spans, seconds),
        test: event.test,
        samples: event.samples,
      }))
    case 'logged': {
      const item = shownItem(event.item)
      const { hash } = event.stage
      const added = withStage(next, event.stage, (stage) => withItem(stage, item))
      const sizeIn = ({ stages }: RunView) => (stages[hash] ? sizeOfLog(stages[hash]) : 0)
      return withBoundedLog({ ...added, loggedSize: view.loggedSize + sizeIn(added) - sizeIn(view) })
    }
    case 'usage': {
      const { overSeconds, cores, memoryBytes } = event
      return {
        ...next,
        usage: withUsage(next.usage, { from: Math.max(0, seconds - overSeconds), to: seconds, cores, memoryBytes }),
      }
    }
    case 'stageFailed':
      return withStage(next, event.stage, (stage) => ({
        status: 'failed',
        spans: closed(stage.spans, seconds),
        error: event.error,
      }))
    case 'experimentDone':
      return withResult(next, event.result)
    case 'resumed':
      return { ...next, stages: Object.fromEntries(Object.entries(next.stages).map(([hash, one]) => [hash, cut(one)])) }
    case 'warning':
      return { ...next, warnings: [...view.warnings, event.message] }
  }
}

/** Of a run that was cut off and goes on: nothing trained between its last event and now. */
function cut(stage: StageView): StageView {
  if (stage.status !== 'running') return stage
  const last = stage.spans.at(-1)
  const until = last?.from ?? 0
  return { ...stage, status: 'interrupted', spans: closed(stage.spans, until) }
}

function closed(spans: readonly Span[], now: number): readonly Span[] {
  return spans.flatMap((span) => {
    if (span.to !== null) return [span]
    return span.from < now ? [{ ...span, to: now }] : []
  })
}

/** With so little logged that a page stays small: what takes most of it has fewer epochs. */
function withBoundedLog(view: RunView): RunView {
  let { stages, loggedSize } = view
  while (loggedSize > MOST_SIZE) {
    const all = Object.values(stages).flatMap((stage) => stage.logged.map((one, at) => ({ stage, at, one })))
    const { stage, at, one } = all.reduce((most, each) => (each.one.size > most.one.size ? each : most))
    const fewer = fewerEpochs(one)
    stages = { ...stages, [stage.hash]: { ...stage, logged: stage.logged.with(at, fewer) } }
    loggedSize += fewer.size - one.size
  }
  return { ...view, stages, loggedSize }
}

function withStage(view: RunView, ref: StageRef, change: (stage: StageView) => Partial<StageView>): RunView {
  const stage = view.stages[ref.hash] ?? waiting(ref)
  return { ...view, stages: { ...view.stages, [ref.hash]: { ...stage, ...change(stage) } } }
}

function withResult(view: RunView, result: Extract<TimedEvent, { type: 'experimentDone' }>['result']): RunView {
  const { name, seed, status, error, test, accuracy, seconds, weightsHash } = result
  const outcome = { status, ...(error !== undefined && { error }), test, accuracy, seconds, weightsHash }
  const experiments = view.experiments.map((one) =>
    one.name === name && one.seed === seed ? { ...one, ...outcome } : one,
  )
  const stages = { ...view.stages }
  for (const { hash, epochs } of result.stages) {
    const stage = stages[hash]
    if (stage === undefined) continue
    const isOpen = stage.status === 'running' && status !== 'done'
    stages[hash] = {
      ...stage,
      // Of a stage that an earlier run trained, no event has the epochs.
      rows: stage.rows.length < epochs.length ? epochs : stage.rows,
      ...(isOpen && { status: 'interrupted', spans: closed(stage.spans, view.seconds) }),
    }
  }
  return { ...view, experiments, stages }
}
