/**
 * Whether a run can be repeated: of each stage that is done, the first epoch is trained again and the test is made
 * again, and both have to be bit-identical with what was written down.
 */
import type { Engine, StateValues } from '@gradpool/core/engine'
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import { messageOf, pick, weightsHash } from '@gradpool/storage'
import { Executions, metricsOf, runFed } from '@gradpool/trainer'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { readRun } from './runs/read-run.js'
import { runRecord } from './runs/run-record.js'
import type { StageRef } from './runs/run-result.js'
import { checkSameRun } from './runs/same-run.js'
import { readDoneStage, type DoneStage } from './runs/stage-files.js'
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
  checkSameRun(directory, (await readRun(directory)).record, now)
  for (const { plan, ref } of stageGraph(plans).values()) {
    const damages: string[] = []
    const read = (hash: string) => {
      const wanted = { hash, numerics: engine.numerics }
      return readDoneStage(join(directory, 'stages', hash), wanted).catch((error: unknown) => {
        damages.push(messageOf(error))
        return undefined
      })
    }
    const done = await read(plan.hash)
    const start = plan.initFrom === undefined ? {} : (await read(plan.initFrom))?.state
    if (damages.length > 0) yield { stage: ref, verdict: 'other', reason: damages.join('; ') }
    else if (done === undefined || start === undefined) {
      yield { stage: ref, verdict: 'skipped', reason: 'it is not done' }
    } else {
      const reason = (await differences(plan, engine, start, done)).join('; ')
      yield { stage: ref, verdict: reason === '' ? 'same' : 'other', reason }
    }
  }
}

async function differences(plan: StagePlan, engine: Engine, start: StateValues, done: DoneStage): Promise<string[]> {
  const { test, transferredStates = [] } = plan
  const differences: string[] = []
  const state = pick(start, transferredStates)
  const executions = await Executions.compile({ engine, plan, workers: 1, state })
  const { strategy } = executions
  try {
    await strategy.runFirstEpoch()
    if (weightsHash(strategy.read()) !== done.metrics.firstEpoch) {
      differences.push('the states after the first epoch are others')
    }
    strategy.write(done.state)
    if (test === undefined) return differences
    const testing = await executions.pass(test)
    const { program } = test
    const now = metricsOf(program, await runFed(testing, testing.execution.stepsPerEpoch))
    if (!isDeepStrictEqual(now, { ...done.metrics.test })) {
      const [is, was] = [now, done.metrics.test].map((metrics) => JSON.stringify(metrics))
      differences.push(`the test gives ${is} and gave ${was}`)
    }
    return differences
  } finally {
    await executions.dispose()
  }
}
