/** What `gradpool run` puts in the place of this process's threads, where it is to use a queue. */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { type ExperimentPlan } from '@gradpool/experiments'
import { stageGraph, type StageTrainer } from '@gradpool/orchestrator'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type RunCommandOptions } from '../options/run-options.js'
import { loadQueue } from './load-queue.js'
import { queueVariable } from './queue-secret.js'

export interface Submitted {
  readonly trainer: StageTrainer
  /** What the run's record has of it. */
  readonly record: Readonly<Record<string, unknown>>
  readonly line: string
}

/** Whether a run uses a queue. */
export function usesQueue({ queue, queueFile }: RunCommandOptions): boolean {
  return queue !== undefined || queueFile !== undefined
}

/** @throws UserError where an option needs a queue and none is asked for, or does not go with one */
export function checkQueueOptions(options: RunCommandOptions): void {
  if (usesQueue(options)) {
    if (options.profile !== undefined) {
      throw new UserError('--profile tells of training in this process, so it does not go with --queue')
    }
    if (options.detach === true && options.store === undefined) {
      throw new UserError(
        '--detach needs a store that is there without this process: --store file:FOLDER or s3://bucket',
      )
    }
    return
  }
  const { store, storeHost, jobMinutes, detach } = options
  const needs = Object.entries({ store, storeHost, jobMinutes, detach }).find(([, value]) => value !== undefined)
  if (needs === undefined) return
  const name = needs[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new UserError(`--${name} says how stages are trained over a queue, so it needs --queue`)
}

/** @throws UserError in one sentence, where the queue or the store cannot be used */
export async function submit(
  plans: readonly ExperimentPlan[],
  engine: Engine,
  options: RunCommandOptions,
  onWarning: (message: string) => void,
): Promise<Submitted> {
  const { queueAddress, checkNamespace, openSubmission } = await loadQueue()
  const { queue, queueFile, namespace = 'default', store, storeHost, priority = 5, jobMinutes, detach, out } = options
  const { submitter = `${hostname()} ${randomBytes(6).toString('hex')}`, leaves = false } = options
  const graph = detach === true ? stageGraph(plans) : undefined
  const opened = await openSubmission({
    address: queueAddress({ address: queue, file: queueFile, variable: queueVariable() }),
    namespace: checkNamespace(namespace),
    store,
    folder: out,
    host: storeHost,
    numerics: engine.numerics,
    submitter,
    priority,
    mostSeconds: jobMinutes === undefined ? undefined : 60 * jobMinutes,
    leaves,
    fresh: options.fresh,
    detach: graph && ((hash) => graph.get(hash)?.dependents ?? []),
    onWarning,
  })
  return {
    trainer: opened.trainer,
    record: { queue: opened.queue, queueFile: undefined, workers: undefined, submitter, leaves: undefined },
    line: `Queue ${opened.queue}, store ${opened.store}`,
  }
}
