/**
 * Whether a run can be repeated: of each stage that is done, the first epoch is trained again and the test is made again,
 * and both have to come to the bits that were written down.
 */
import { finishMetrics, type Engine, type MetricValue, type StateValues } from '@gradpool/core'
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import { weightsHash } from '@gradpool/storage'
import { join } from 'node:path'
import { runFirstEpoch } from './training/compile-training.js'
import { StageExecutions } from './training/stage-executions.js'
import { pick } from './scheduling/kept-states.js'
import { readRecord } from './runs/read-run.js'
import { ownVersion, runRecord } from './runs/run-record.js'
import type { StageRef } from './runs/run-result.js'
import { checkSameRun } from './runs/same-run.js'
import { readStageFiles, type DoneStage } from './runs/stage-files.js'
import { stageGraph } from './scheduling/stage-graph.js'

export interface StageVerdict {
  readonly stage: StageRef
  /** `skipped`: it is not done, or the one it starts from is not. */
  readonly verdict: 'same' | 'other' | 'skipped'
  /** What is other, or why it was skipped; empty for `same`. */
  readonly reason: string
}

/**
 * In the order of the experiments.
 *
 * @throws UserError when there is no run, or what it was begun with has changed
 */
export async function* verifyRun(
  directory: string,
  plans: readonly ExperimentPlan[],
  engine: Engine,
): AsyncGenerator<StageVerdict> {
  const now = runRecord({ plans, engine, workers: 1, started: new Date(), record: {} })
  checkSameRun(directory, await readRecord(directory), now)
  for (const { plan, ref } of stageGraph(plans).values()) {
    const damages: string[] = []
    const read = (hash: string) => {
      const wanted = { hash, numerics: engine.numerics, version: ownVersion() }
      const folder = join(directory, 'stages', hash)
      return readStageFiles(folder, wanted, (message) => damages.push(message))
    }
    const done = await read(plan.hash)
    const start = plan.startsFrom === undefined ? {} : (await read(plan.startsFrom))?.state
    if (damages.length > 0) yield { stage: ref, verdict: 'other', reason: damages.join('; ') }
    else if (done === undefined || start === undefined) {
      yield { stage: ref, verdict: 'skipped', reason: 'it is not done' }
    } else {
      const reason = (await differences(plan, engine, start, done)).join('; ')
      yield { stage: ref, verdict: reason === '' ? 'same' : 'other', reason }
    }
  }
}

async function differences(
  plan: StagePlan,
  engine: Engine,
  start: StateValues,
  done: DoneStage,
): Promise<string[]> {
  const { test, carries = [] } = plan
  const differences: string[] = []
  const state = pick(start, carries)
  const executions = await StageExecutions.compile({ engine, plan, workers: 1, state })
  const { training } = executions
  try {
    await runFirstEpoch(training)
    if (weightsHash(training.read()) !== done.metrics.firstEpoch) {
      differences.push('the states after the first epoch are others')
    }
    training.write(done.state)
    if (test === undefined) return differences
    const testing = await executions.pass(test)
    const tested = await testing.run({ steps: testing.stepsPerEpoch })
    const { metrics, numExamples } = test.program
    const { accuracy } = finishMetrics(metrics, tested, numExamples)
    if (digits(accuracy) !== digits(done.metrics.testAccuracy)) {
      const was = digits(done.metrics.testAccuracy)
      differences.push(`the test accuracy is ${digits(accuracy)} and was ${was}`)
    }
    return differences
  } finally {
    executions.dispose()
  }
}

/** As results have it: all that f32 has. */
function digits(accuracy: MetricValue | null | undefined): string {
  const isThere = typeof accuracy === 'number' && Number.isFinite(accuracy)
  return isThere ? String(Number(accuracy.toPrecision(7))) : 'none'
}
