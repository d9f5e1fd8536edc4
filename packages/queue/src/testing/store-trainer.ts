/** Trains stages as jobs of a store, without a queue: each goes through the JSON that a queue has of it. */
import type { ReadyStage, StageTrainer, StageTraining } from '@gradpool/orchestrator'
import type { TrainingOutcome } from '@gradpool/trainer'
import type { StageJob } from '../job.js'
import type { JobRunner, RunningJob } from '../jobs/job-runner.js'
import type { StageDocuments } from '../jobs/stage-documents.js'

/** The job of a stage, as a queue gives it to a worker. */
export async function jobOf(stage: ReadyStage, documents: StageDocuments, numerics: string): Promise<StageJob> {
  const { plan, ref, state, checkpointSeconds, stallSeconds } = stage
  const { hash, name, seed, experiments } = ref
  const job: StageJob = {
    format: 1,
    kind: 'stage',
    stage: hash,
    numerics,
    plan: await documents.encodePlan(plan),
    state: state ? await documents.encodeStates(state) : null,
    title: { name, seed, experiments },
    checkpointSeconds,
    stallSeconds,
    store: null,
  }
  return JSON.parse(JSON.stringify(job)) as StageJob
}

export function storeTrainer(
  runner: JobRunner,
  documents: StageDocuments,
  { numerics, limit }: { readonly numerics: string; readonly limit: number },
): StageTrainer {
  const run = async (stage: ReadyStage, began: (running: RunningJob) => void): Promise<TrainingOutcome> => {
    const { onWarning, onThreads, onStarted } = stage
    const startedMs = performance.now()
    const job = await jobOf(stage, documents, numerics)
    const running = runner.run(job, {
      onStarted,
      onThreads,
      onWarning,
      onEpoch: (row) => stage.onEpoch(row, (performance.now() - startedMs) / 1000),
    })
    began(running)
    const end = await running.end
    if (end.status === 'interrupted') return { status: 'interrupted', epochs: [], seconds: 0 }
    return documents.decodeOutcome(end.outcome, stage.plan)
  }
  return {
    limit,
    start(stage): StageTraining {
      let running: RunningJob | undefined
      return {
        run: () => run(stage, (its) => (running = its)),
        stop: () => running?.stop(),
        progress: () => running?.progress(),
      }
    },
    close: () => Promise.resolve(),
  }
}
