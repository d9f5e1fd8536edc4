/**
 * The encoder that a run trained, from its files.
 */
import { prediction, UserError } from '@gradpool/core'
import { expectImages, type Dataset, type ImageDataset } from '@gradpool/datasets'
import { codeModel, type ExperimentConfig } from '@gradpool/experiments'
import { readDoneStage, readRecord } from '@gradpool/orchestrator'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { makeEncoder, type Encoder } from './encoder.js'

export interface TrainedEncoderOptions {
  /** As it was when the run was begun. */
  readonly config: ExperimentConfig
  /** Of the seeds that the run has; its first one if left out. */
  readonly seed?: number | undefined
  /** Images such as it will encode. */
  readonly dataset: Dataset
}

/** Examples of one step: enough that calls do not count, few enough that what a step makes of them fits a cache. */
const BATCH_SIZE = 200

/**
 * The encoder of an experiment, as its run left it; undefined where none of its stages makes codes.
 *
 * @param directory A run directory.
 * @throws UserError when the data are no images, the run has no such experiment, or its encoder is not done, damaged, or of images of another
 * size
 */
export async function trainedEncoder(
  directory: string,
  { config, seed, dataset: given }: TrainedEncoderOptions,
): Promise<Encoder | undefined> {
  const dataset = expectImages(given)
  const { experiments, engine } = await readRecord(directory)
  const { name } = config
  const found = experiments.find((one) => one.name === name && one.seed === (seed ?? one.seed))
  if (found === undefined) {
    const which = seed === undefined ? `'${name}'` : `'${name}' with seed ${seed}`
    throw new UserError(`the run '${directory}' has no experiment ${which}`)
  }
  const codes = fitting(config, dataset, () => codeModel(config, dataset))
  const stage = codes && found.stages[codes.position]
  if (codes === undefined || stage === undefined) return undefined
  const upTo = (stages: readonly unknown[]) => stages.slice(0, codes.position + 1)
  if (!isDeepStrictEqual(upTo(stagesOf(found.config)), asJson(upTo(config.stages)))) {
    throw new UserError(
      `the ${stage.name} stage of ${name} is not what it was when the run '${directory}' was begun`,
    )
  }
  const wanted = { hash: stage.hash, numerics: engine.numerics }
  const done = await readDoneStage(join(directory, 'stages', stage.hash), wanted)
  if (done === undefined) {
    throw new UserError(
      `the ${stage.name} stage of ${name} in '${directory}' is not done: \`gradpool resume\` goes on with it`,
    )
  }
  const data = { fields: dataset.fields.train, numExamples: BATCH_SIZE }
  return fitting(config, dataset, () => {
    const { program } = prediction(codes.model, { batchSize: BATCH_SIZE, data })
    return makeEncoder(name, program, done.state)
  })
}

/** Of a configuration as a record has it. */
function stagesOf(config: unknown): readonly unknown[] {
  const isObject = typeof config === 'object' && config !== null
  return isObject && 'stages' in config && Array.isArray(config.stages) ? config.stages : []
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** Says of which images a model cannot be. */
function fitting<T>({ name }: ExperimentConfig, { imageShape }: ImageDataset, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const size = imageShape.join(' × ')
    throw new UserError(`${name} does not fit images of ${size} pixels: ${error.message}`, {
      cause: error,
    })
  }
}
