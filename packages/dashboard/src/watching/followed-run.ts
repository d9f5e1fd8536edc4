/**
 * A run as its files grow, whichever process adds to them: that process has no part in it. What is kept of a run is
 * bounded, however long it goes on: rows of a stage are thinned again and again.
 */
import { UserError } from '@gradpool/core'
import {
  EventLog,
  isLocked,
  processAt,
  readLabels,
  readRecord,
  type RunLabels,
  type RunStatus,
} from '@gradpool/orchestrator'
import { compact, newRunView, shownEvent, withEvent, type RunView, type TimedEvent } from '@gradpool/report'
import { existsSync, type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'
import type { Followed, RunState } from '../api.js'

export interface RunListener {
  /** In the order of time. */
  onEvents(events: readonly TimedEvent[]): void
  /** What was told before does not hold, or is too much to be told one by one. */
  onView(): void
  onState(): void
  /** Its directory is not there any more. */
  onGone(): void
}

/** Of a stage, at most, in what is told. */
export const MOST_ROWS = 500
/** Of a stage, before they are thinned. */
const MOST_ROWS_KEPT = 1000
const MOST_SPANS = 1000
const MOST_WARNINGS = 200
/** At once: more are told as a view. */
const MOST_EVENTS = 1000
/** Characters of what was logged, at once: more are told as a view, which has few epochs of each name. */
const MOST_LOGGED = 2 ** 20

/** Two looks at the files are so far apart at least; and at most, where the system does not tell of changes. */
const LEAST_MS = 500
const POLL_MS = 1000

export class FollowedRun {
  readonly id: string
  readonly directory: string
  readonly #canResume: boolean
  readonly #log: EventLog
  readonly #begun: RunView
  readonly #listeners = new Set<RunListener>()
  #view: RunView
  #state: RunState
  /** Why its log is not read any more. */
  #damage: string | undefined
  #watcher: FSWatcher | undefined
  #poll: NodeJS.Timeout | undefined
  #next: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  /** Whether the files of the state may have changed: all but the log. */
  #isStateDue = true
  #isClosed = false

  private constructor(directory: string, begun: RunView, canResume: boolean) {
    this.id = basename(directory)
    this.directory = directory
    this.#canResume = canResume
    this.#log = new EventLog(directory)
    this.#begun = begun
    this.#view = begun
    this.#state = { id: this.id, status: 'running', canStop: false, canResume: false, tags: [], note: '' }
  }

  /**
   * @param canResume Whether runs can be resumed from here.
   * @throws UserError for a run that is not there, or damaged
   */
  static async open(directory: string, canResume: boolean): Promise<FollowedRun> {
    const begun = newRunView(basename(directory), await readRecord(directory))
    const run = new FollowedRun(directory, begun, canResume)
    await run.look()
    return run
  }

  get told(): Followed {
    return { view: compact(this.#view, MOST_ROWS), state: this.#state }
  }

  get state(): RunState {
    return this.#state
  }

  /** It is followed while anybody listens. @returns what ends that */
  listen(listener: RunListener): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#follow()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.close()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#watcher?.close()
    clearInterval(this.#poll)
    clearTimeout(this.#next)
  }

  /** Reads all that there is, and tells it. Never rejects. */
  async look(): Promise<void> {
    this.#isStateDue = true
    await this.#lookOnce()
  }

  async #lookOnce(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  #follow(): void {
    this.#isClosed = false
    const soon = (isStateDue: boolean) => {
      this.#isStateDue ||= isStateDue
      if (this.#next !== undefined || this.#isClosed) return
      this.#next = setTimeout(() => {
        this.#next = undefined
        void this.#lookOnce()
      }, LEAST_MS).unref()
    }
    this.#poll = setInterval(() => soon(true), POLL_MS).unref()
    try {
      const onChange = (_: string, name: string | null) => soon(name !== basename(this.#log.path))
      this.#watcher = watch(this.directory, { persistent: false }, onChange).on('error', () => this.#watcher?.close())
    } catch {
      // A system that does not tell of changes, or not of so many folders: it is looked at.
    }
  }

  async #look(): Promise<void> {
    if (!existsSync(this.directory)) {
      for (const listener of [...this.#listeners]) listener.onGone()
      return
    }
    const added: TimedEvent[] = []
    let view = this.#view
    let isWhole = true
    try {
      if (this.#damage === undefined) {
        let logged = 0
        for await (const { events: read, isAnew } of this.#log.added()) {
          if (isAnew) view = this.#begun
          // Files of any size may be logged: what pages do not show is not kept.
          const events = read.map(shownEvent)
          view = folded(view, events)
          logged += events.reduce((sum, event) => sum + sizeOf(event), 0)
          isWhole &&= !isAnew && added.length + events.length <= MOST_EVENTS && logged <= MOST_LOGGED
          if (isWhole) added.push(...events)
          else added.length = 0
        }
      }
    } catch (error) {
      // A line of an event that is none throws what is thrown where a field is not there.
      this.#damage = error instanceof UserError ? error.message : `'${this.#log.path}' is damaged: a line is no event`
      view = { ...view, warnings: [...view.warnings, this.#damage] }
      isWhole = false
    }
    const state = this.#isStateDue ? await this.#readState(view) : this.#state
    this.#isStateDue = false
    const isOther = JSON.stringify(state) !== JSON.stringify(this.#state)
    // From here on at once: who begins to listen has either the view from before or all that is told.
    this.#view = view
    this.#state = state
    for (const listener of [...this.#listeners]) {
      if (!isWhole) listener.onView()
      else if (added.length > 0) listener.onEvents(added)
      if (isOther) listener.onState()
    }
  }

  async #readState(view: RunView): Promise<RunState> {
    const { tags, note } = await readLabels(this.directory).catch((): RunLabels => this.#state)
    const isRunning = isLockedIn(this.directory)
    const status = isRunning ? 'running' : statusOf(view)
    return {
      id: this.id,
      status,
      canStop: isRunning && processAt(this.directory) !== undefined,
      canResume: this.#canResume && !isRunning && status !== 'done',
      tags,
      note,
    }
  }
}

/** A lock that cannot be read locks nothing that could be told. */
export function isLockedIn(directory: string): boolean {
  try {
    return isLocked(directory)
  } catch (error) {
    if (error instanceof UserError || (error instanceof Error && 'code' in error)) return false
    throw error
  }
}

/** Of one that no process works on. */
function statusOf({ experiments }: RunView): RunStatus {
  const statuses = experiments.map(({ status }): RunStatus => (status === 'running' ? 'cut off' : status))
  return (['failed', 'cut off', 'interrupted'] as const).find((status) => statuses.includes(status)) ?? 'done'
}

function sizeOf(event: TimedEvent): number {
  return event.type === 'logged' ? JSON.stringify(event.item).length : 0
}

function folded(view: RunView, events: readonly TimedEvent[]): RunView {
  let next = view
  for (const [at, event] of events.entries()) {
    next = withEvent(next, event)
    if (at % (MOST_ROWS_KEPT / 2) === 0) next = bounded(next)
  }
  return bounded(next)
}

function bounded(view: RunView): RunView {
  const stages = Object.values(view.stages)
  const isLong = stages.some(({ rows, spans }) => rows.length > MOST_ROWS_KEPT || spans.length > MOST_SPANS)
  const warnings = view.warnings.slice(-MOST_WARNINGS)
  if (!isLong) return warnings.length < view.warnings.length ? { ...view, warnings } : view
  const short = compact(view, MOST_ROWS)
  const withFewSpans = Object.entries(short.stages).map(
    ([hash, stage]) => [hash, { ...stage, spans: stage.spans.slice(-MOST_SPANS) }] as const,
  )
  return { ...short, stages: Object.fromEntries(withFewSpans), warnings }
}
