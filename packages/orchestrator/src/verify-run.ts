/**
 * Whether a run can be repeated: of each stage that is done, the first epoch is trained again and the test is made again,
 * and both have to come to the bits that were written down.
 */
import type { Engine, StateValues } from '@gradpool/core'
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import { join } from 'node:path'
import {
  compileTraining,
  executionsOf,
  modelOf,
  runFirstEpoch,
} from './training/compile-training.js'
import { pick } from './scheduling/kept-states.js'
import { readRecord } from './runs/read-run.js'
import { ownVersion, runRecord } from './runs/run-record.js'
import type { StageRef } from './runs/run-result.js'
import { checkSameRun } from './runs/same-run.js'
import { readStageFiles, type DoneStage } from './runs/stage-files.js'
import { stageGraph } from './scheduling/stage-graph.js'
import { weightsHash } from './files/weights-hash.js'

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
  { metrics, state }: DoneStage,
): Promise<string[]> {
  const { seed, orderSeed = seed, test, carries = [] } = plan
  const differences: string[] = []
  const given = { workers: 1, state: pick(start, carries) }
  const training = await compileTraining(engine, plan, given)
  try {
    await runFirstEpoch(training)
    if (weightsHash(training.read()) !== metrics.firstEpoch) {
      differences.push('the states after the first epoch are others')
    }
    training.write(state)
    if (test === undefined) return differences
    const shared = { data: test.data, seed, orderSeed, shareStateOf: modelOf(training) }
    const testing = await engine.compile(test.program, shared)
    const { means } = await testing.run({ steps: testing.stepsPerEpoch })
    testing.dispose()
    const [accuracy] = means.accuracy ?? []
    if (digits(accuracy) !== digits(metrics.testAccuracy)) {
      const was = digits(metrics.testAccuracy)
      differences.push(`the test accuracy is ${digits(accuracy)} and was ${was}`)
    }
    return differences
  } finally {
    for (const execution of [...executionsOf(training)].reverse()) execution.dispose()
  }
}

/** As results have it: all that f32 has. */
function digits(accuracy: number | null | undefined): string {
  const isThere = accuracy !== null && accuracy !== undefined && Number.isFinite(accuracy)
  return isThere ? String(Number(accuracy.toPrecision(7))) : 'none'
}
