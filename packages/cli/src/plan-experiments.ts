/** From experiments to plans, one per experiment and seed: loads the data each needs, once, into the engine's memory. */
import { type Allocate } from '@gradpool/core'
import { type DataSpec, loadDataset, type LoadedDataset } from '@gradpool/datasets'
import { type ExperimentConfig, type ExperimentPlan, planExperiment } from '@gradpool/experiments'

export interface PlanExperimentsOptions {
  readonly seeds: readonly number[]
  readonly allocate: Allocate
  /** A folder in the place of the experiments' own data. */
  readonly directory?: string | undefined
  readonly signal: AbortSignal
}

/** @throws UserError when data are missing or damaged, or a model does not fit them. */
export async function planExperiments(
  configs: readonly ExperimentConfig[],
  { seeds, allocate, directory, signal }: PlanExperimentsOptions,
): Promise<ExperimentPlan[]> {
  const loaded = new Map<string, LoadedDataset>()
  const load = async (spec: DataSpec) => {
    const key = JSON.stringify(spec)
    const dataset = loaded.get(key) ?? (await loadDataset(spec, { allocate, directory }))
    loaded.set(key, dataset)
    return dataset
  }
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
