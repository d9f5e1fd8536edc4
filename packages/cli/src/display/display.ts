/** What is shown of a run while it goes on: live lines on a terminal, the report's log elsewhere, or nothing. */
import { type RunEvent, type StageProgress } from '@gradpool/orchestrator'
import { liveDisplay } from './live.js'
import { reportLog } from './log.js'
import { type Outlet } from './outlet.js'

export interface Display {
  onEvent(event: RunEvent): void
  start(read: () => readonly StageProgress[]): void
  /** To be called once, before anything else is printed. */
  stop(): void
}

export interface DisplayOptions {
  readonly outlet: Outlet
  readonly quiet: boolean
  /** Several stages may run at once. */
  readonly parallel: boolean
  readonly manySeeds: boolean
  /** How many epochs of a stage one line of the log stands for. */
  readonly reportEvery: (stageHash: string) => number
}

const nothing = () => undefined

export function displayFor(options: DisplayOptions): Display {
  const { outlet, quiet } = options
  if (quiet) return { onEvent: nothing, start: nothing, stop: nothing }
  if (outlet.live) return liveDisplay(outlet, options)
  return { onEvent: reportLog({ print: outlet.print, ...options }), start: nothing, stop: nothing }
}
