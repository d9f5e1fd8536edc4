/** Trains experiments by Gradpool itself; stages that an earlier run has done are not trained again. */
import { datasetLoader } from '@gradpool/datasets'
import { planExperiment } from '@gradpool/experiments'
import { runExperiments } from '@gradpool/orchestrator'
import { chooseEngine } from '@gradpool/trainer'
import { availableParallelism } from 'node:os'

/** @param directory where its runs are */
export async function openTraining(directory) {
  const engine = await chooseEngine({ engine: 'auto' })
  const load = datasetLoader({ allocate: engine.allocate })
  return {
    engine,
    load,
    /** @throws Error for the first experiment that fails; else the result of the run, as `--json` prints it */
    async run(configs, seeds) {
      const plans = []
      for (const config of configs) {
        const dataset = await load(config.data)
        for (const seed of seeds) plans.push(planExperiment(config, { dataset, seed }))
      }
      const run = await runExperiments(plans, { engine, workers: availableParallelism(), directory })
      const result = await run.result
      const failed = result.experiments.find(({ status }) => status !== 'done')
      if (failed) throw new Error(`${failed.name}, seed ${failed.seed}: ${failed.error ?? failed.status}`)
      return result
    },
  }
}
