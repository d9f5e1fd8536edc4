/** What is shown of a run while it goes on: live lines on a terminal, the report's log elsewhere, or nothing. */
import { type RunEvent, type StageProgress } from '@gradpool/orchestrator'
import { reportLog } from './log.js'
import { type Outlet } from './outlet.js'
import { visibleIn } from './visible-in.js'

export interface Display {
  onEvent(event: RunEvent): void
  /** The run has begun; `read` gives the stages that train now. */
  start(read: () => readonly StageProgress[]): void
  /** To be called once, before anything else is printed. */
  stop(): void
}

export interface DisplayOptions {
  readonly outlet: Outlet
  readonly quiet: boolean
  /** The line that says which engine runs; the first to be shown. */
  readonly engineLine: string
  /** Several stages may run at once. */
  readonly parallel: boolean
  readonly manySeeds: boolean
  /** How many epochs of a stage one line of the log stands for. */
  readonly reportEvery: (stageHash: string) => number
  /** Whether the stage is told of in the report's words. */
  readonly inReportWords: (stageHash: string) => boolean
}

/** What only terminals need is loaded only there. */
export async function displayFor(options: DisplayOptions): Promise<Display> {
  const { outlet, quiet, engineLine } = options
  if (quiet) return silent
  const display = outlet.live ? (await import('./live.js')).liveDisplay(outlet, options) : logDisplay(options)
  let begun = false
  // Nothing is printed before a run has begun: until then its options may turn out to be wrong.
  const begin = () => {
    if (!begun) outlet.print(engineLine)
    begun = true
  }
  return {
    onEvent(event) {
      begin()
      display.onEvent(visibleIn(event))
    },
    start(read) {
      begin()
      display.start(() => read().map(visibleIn))
    },
    stop: () => display.stop(),
  }
}

const nothing = () => undefined

const silent: Display = { onEvent: nothing, start: nothing, stop: nothing }

function logDisplay(options: DisplayOptions): Display {
  const { print } = options.outlet
  return { ...silent, onEvent: reportLog({ ...options, print }) }
}
