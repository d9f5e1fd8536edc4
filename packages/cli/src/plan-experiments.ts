/** From experiments to plans, one per experiment and seed, over the data of each. */
import { datasetLoader, splitReport, type Dataset, type LoaderOptions, type SplitReport } from '@gradpool/datasets'
import { type ExperimentConfig, type ExperimentPlan, planExperiment } from '@gradpool/experiments'

export interface PlanExperimentsOptions extends LoaderOptions {
  readonly seeds: readonly number[]
  readonly signal: AbortSignal
  /** Told once for each data set of rows how they are split. */
  readonly onSplit?: (report: SplitReport) => void
}

/** @throws UserError when data are missing or damaged, or a model does not fit them. */
export async function planExperiments(
  configs: readonly ExperimentConfig[],
  { seeds, signal, onSplit, ...loading }: PlanExperimentsOptions,
): Promise<ExperimentPlan[]> {
  const load = datasetLoader(loading)
  const plans: ExperimentPlan[] = []
  const told = new Set<string>()
  const tell = (dataset: Dataset) => {
    const report = onSplit && splitReport(dataset)
    if (report === undefined || told.has(report.counts)) return
    told.add(report.counts)
    onSplit?.(report)
  }
  for (const config of configs) {
    const dataset = await load(config.data)
    tell(dataset)
    for (const seed of seeds) {
      signal.throwIfAborted()
      plans.push(planExperiment(config, { dataset, seed }))
    }
  }
  return plans
}
