/** From experiments to plans, one per experiment and seed, over the data of each. */
import { datasetLoader, type LoaderOptions } from '@gradpool/datasets'
import { type ExperimentConfig, type ExperimentPlan, planExperiment } from '@gradpool/experiments'

export interface PlanExperimentsOptions extends LoaderOptions {
  readonly seeds: readonly number[]
  readonly signal: AbortSignal
}

/** @throws UserError when data are missing or damaged, or a model does not fit them. */
export async function planExperiments(
  configs: readonly ExperimentConfig[],
  { seeds, signal, ...loading }: PlanExperimentsOptions,
): Promise<ExperimentPlan[]> {
  const load = datasetLoader(loading)
  const plans: ExperimentPlan[] = []
  for (const config of configs) {
    const dataset = await load(config.data)
    for (const seed of seeds) {
      signal.throwIfAborted()
      plans.push(planExperiment(config, { dataset, seed }))
    }
  }
  return plans
}
