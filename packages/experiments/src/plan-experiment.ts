/**
 * Turns an experiment into stages that need nothing but an engine: traced, bound to their rows, and named by hash.
 */
import { UserError, type Model } from '@gradpool/core'
import { invariant, modelFor } from '@gradpool/core/engine'
import { modelDataOf, type Dataset } from '@gradpool/datasets'
import {
  autoencode,
  classify,
  cluster,
  type ClusterOptions,
  continueText,
  type EncoderMode,
  forecast,
  hash,
  regress,
} from '@gradpool/models'
import { planStage, type PlannedStage, type StagePlan, type TracedStage, traceStage } from './plan-stage.js'
import type { ExperimentConfig, StageConfig } from './schema.js'

export interface ExperimentPlan {
  readonly name: string
  readonly seed: number
  readonly config: ExperimentConfig
  /** The dataset it trains on; the hash is over its contents. */
  readonly data: { readonly name: string; readonly hash: string }
  /** In order; each after the first usually starts from the one before. */
  readonly stages: readonly StagePlan[]
}

export interface PlanOptions {
  /** What `loadDataset(config.data, …)` of @gradpool/datasets gives. */
  readonly dataset: Dataset
  /** A whole number from -2^31 to 2^32 - 1; those of equal bits, such as -1 and 2^32 - 1, are one seed. */
  readonly seed: number
}

/**
 * @throws UserError when a model does not fit the data, a model of the user's own throws, or the seed is out of range.
 */
export function planExperiment(config: ExperimentConfig, options: PlanOptions): ExperimentPlan {
  const { dataset, seed } = options
  if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
    throw new UserError(`seed must be a whole number from -2^31 to 2^32 - 1, not ${String(seed)}`)
  }
  const planned: PlannedStage[] = []
  for (const [position, stage] of config.stages.entries()) {
    const start = startOf(stage, config.stages.slice(0, position))
    planned.push(planStage(tracedStage(config, position, dataset), seed, planned[start]))
  }
  const stages = planned.map(({ plan }) => plan)
  return { name: config.name, seed, config, data: { name: dataset.name, hash: dataset.hash }, stages }
}

/** Stages by their experiment and its data: all seeds have what was traced for one. */
const traced = new WeakMap<ExperimentConfig, WeakMap<Dataset, Map<number, TracedStage>>>()

function tracedStage(config: ExperimentConfig, position: number, dataset: Dataset): TracedStage {
  const ofConfig = traced.get(config) ?? new WeakMap<Dataset, Map<number, TracedStage>>()
  const stages = ofConfig.get(dataset) ?? new Map<number, TracedStage>()
  traced.set(config, ofConfig.set(dataset, stages))
  const stage = stages.get(position) ?? traceAt(config, position, dataset)
  stages.set(position, stage)
  return stage
}

/** @throws UserError that says in which stage a user's mistake is */
function traceAt(config: ExperimentConfig, position: number, dataset: Dataset): TracedStage {
  const stage = config.stages[position]
  invariant(stage, 'there is a stage')
  const before = config.stages.slice(0, position)
  return naming(`${config.name}, stages[${position}]`, stage, () =>
    traceStage({
      config: stage,
      train: { ...config.train, ...stage.train },
      model: modelFor(readyModel(stage, before), modelDataOf(dataset)),
      dataset,
    }),
  )
}

/** The position of the stage that this one starts from; -1 for none. */
function startOf(stage: StageConfig, before: readonly StageConfig[]): number {
  switch (stage.kind) {
    case 'autoencode':
    case 'forecast':
    case 'continueText':
    case 'regress':
      return -1
    case 'classify':
      return stage.encoder === 'none' ? -1 : before.findLastIndex(({ kind }) => kind === 'autoencode')
    case 'cluster': {
      if (stage.encoder === 'none') return -1
      // Deep clustering begins from centres, where there are any.
      const isStart = ({ kind }: StageConfig) =>
        kind === 'autoencode' || kind === 'hash' || (kind === 'cluster' && stage.encoder === 'fineTuned')
      return before.findLastIndex(isStart)
    }
    case 'hash':
      return before.findLastIndex(({ kind }) => kind === 'hash')
    case 'model':
      return before.length - 1
  }
}

/** With the encoder of the last autoencoder before it, where it stands on one. */
function readyModel(config: StageConfig, before: readonly StageConfig[]): Model {
  switch (config.kind) {
    case 'autoencode':
      return autoencode(config)
    case 'classify':
      return classify({ ...config, ...encoderOf(config, before) })
    case 'cluster':
      return cluster({ ...config, ...encoderOf(config, before, 'hash') })
    case 'forecast':
      return forecast(config)
    case 'hash':
      return hash(config)
    case 'continueText':
      return continueText(config)
    case 'regress':
      return regress(config)
    case 'model':
      return config.model
  }
}

/** Whose encoder a stage stands on: of the last autoencode stage before it, or of this kind, too. */
function encoderOf(
  { encoder }: { readonly encoder: EncoderMode },
  before: readonly StageConfig[],
  other?: 'hash',
): Pick<ClusterOptions, 'autoencoder' | 'hasher'> {
  const found = encoder === 'none' ? undefined : before.findLast(({ kind }) => kind === 'autoencode' || kind === other)
  if (found?.kind === 'hash') return { hasher: found }
  return found?.kind === 'autoencode' ? { autoencoder: found } : {}
}

/** Says in which stage a user's mistake is; whatever a model of the user's own throws is one. */
function naming<T>(where: string, stage: StageConfig, plan: () => T): T {
  try {
    return plan()
  } catch (error) {
    const usersOwn = stage.kind === 'model' ? ` (model '${stage.name}')` : ''
    if (error instanceof UserError || usersOwn !== '') {
      const message = error instanceof Error ? error.message : String(error)
      throw new UserError(`${where}${usersOwn}: ${message}`, { cause: error })
    }
    throw error
  }
}
