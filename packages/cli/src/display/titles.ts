/** How stages and experiments are called in everything that is shown: in the report's words. */
import { type ExperimentResult, type StageRef } from '@gradpool/orchestrator'

/** The report calls its supervised stage `train`. */
export function verbOf(stageName: string): string {
  return stageName === 'classify' ? 'train' : stageName
}

/** `mnist_mlp_1p`, or `mnist_mlp_1p (seed 2)` where a run has several seeds. */
export function titleOfExperiment(name: string, seed: number, manySeeds: boolean): string {
  return manySeeds ? `${name} (seed ${seed})` : name
}

/** A shared stage goes by the name of the first experiment that waits for it. */
export function titleOfStage(stage: StageRef, manySeeds: boolean): string {
  return titleOfExperiment(stage.experiments[0] ?? stage.hash.slice(0, 8), stage.seed, manySeeds)
}

export function hasManySeeds(experiments: readonly Pick<ExperimentResult, 'seed'>[]): boolean {
  return new Set(experiments.map(({ seed }) => seed)).size > 1
}

/** Of a stage that is not trained again. */
export function whenDone({ byAnotherRun }: { readonly byAnotherRun: boolean }): string {
  return byAnotherRun ? 'was done by an earlier run' : 'was done before'
}
