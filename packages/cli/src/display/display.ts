/** What is shown of a run while it goes on: live lines on a terminal, the report's log elsewhere, or nothing. */
import { type RunEvent, type RunInSight, type StageRef } from '@gradpool/orchestrator'
import { reportLog } from './log.js'
import { type Outlet } from './outlet.js'
import { visibleIn } from './visible-in.js'

export interface Display {
  /** Of what was told before, in a process that shows it no more. */
  recall(event: RunEvent): void
  onEvent(event: RunEvent): void
  /** The run has begun. */
  start(run: RunInSight): void
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
  /** All stages of the run. */
  readonly stages: readonly StageRef[]
  /** How many epochs of a stage one line of the log stands for. */
  readonly reportEvery: (stageHash: string) => number
  /** Whether the stage is told of in the report's words. */
  readonly inReportWords: (stageHash: string) => boolean
}

/** What only terminals need is loaded only there. */
export async function displayFor(options: DisplayOptions): Promise<Display> {
  const { outlet, quiet, engineLine } = options
  if (quiet) return silent
  const stages = visibleIn(options.stages)
  const display = outlet.live
    ? (await import('./live.js')).liveDisplay(outlet, { ...options, stages })
    : logDisplay(options)
  let begun = false
  // Nothing is printed before a run has begun: until then its options may turn out to be wrong.
  const begin = () => {
    if (!begun) outlet.print(engineLine)
    begun = true
  }
  return {
    recall: (event) => display.recall(visibleIn(event)),
    onEvent(event) {
      begin()
      display.onEvent(visibleIn(event))
    },
    start(run) {
      begin()
      display.start({
        progress: () => run.progress().map(visibleIn),
        secondsLeft: () => run.secondsLeft(),
        mayEndEarly: () => run.mayEndEarly(),
      })
    },
    stop: () => display.stop(),
  }
}

const nothing = () => undefined

const silent: Display = { recall: nothing, onEvent: nothing, start: nothing, stop: nothing }

function logDisplay(options: DisplayOptions): Display {
  const { print } = options.outlet
  return { ...silent, onEvent: reportLog({ ...options, print }) }
}
