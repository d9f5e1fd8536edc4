/** Runs plans over the fake engine to their end, and keeps what was told. */
import type { ExperimentPlan } from '@gradpool/experiments'
import { runExperiments, type RunOptions } from '../run-experiments.js'
import type { RunEvent, RunResult } from '../runs/run-result.js'
import { fakeEngine, type FakeEngine, type FakeEngineOptions } from './fake-engine.js'
import { temporaryFolder } from './temporary-folder.js'

export interface Ran {
  readonly result: RunResult
  readonly events: readonly RunEvent[]
  readonly engine: FakeEngine
}

export async function runPlans(
  plans: readonly ExperimentPlan[],
  options: FakeEngineOptions & Partial<Omit<RunOptions, 'engine'>> = {},
): Promise<Ran> {
  const { stepMs, accuracy, mishaps, ...runOptions } = options
  const engine = fakeEngine({
    ...(stepMs && { stepMs }),
    ...(accuracy && { accuracy }),
    ...(mishaps && { mishaps }),
  })
  const events: RunEvent[] = []
  const run = await runExperiments(plans, {
    workers: 2,
    directory: await temporaryFolder(),
    ...runOptions,
    engine,
    onEvent(event, log) {
      events.push(event)
      runOptions.onEvent?.(event, log)
    },
  })
  return { result: await run.result, events, engine }
}

/** `stageStarted auto`, `experimentDone one`, …, without epochs and what the machine was used for. */
export function titles(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'epoch' || event.type === 'usage') return []
    if (event.type === 'experimentDone') return [`${event.type} ${event.result.name}`]
    return event.type === 'warning' || event.type === 'resumed' ? [event.type] : [`${event.type} ${event.stage.hash}`]
  })
}
