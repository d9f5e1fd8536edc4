/** `gradpool index build`: encodes images with what a run trained, and writes an index of their codes. */
import { resolve } from 'node:path'
import { type Engine, UserError } from '@gradpool/core'
import { type FilesSpec, type ImageDataset, loadDataset } from '@gradpool/datasets'
import { type ExperimentConfig } from '@gradpool/experiments'
import { encode, type Encoder, encoderToBytes, HashIndex, trainedEncoder } from '@gradpool/hashing'
import { closest } from 'fastest-levenshtein'
import { begunRun } from '../begun-run.js'
import { chooseEngine } from '@gradpool/trainer'
import { exitCode } from '../exit-code.js'
import { describeCollection, specOf } from '../hashing/collection.js'
import { type Io } from '../io.js'
import { selectExperiments } from '../select-experiments.js'

export interface IndexBuildOptions {
  /** Of the run; the last one that makes codes unless said. */
  readonly experiment?: string
  /** Of the run's; the first one unless said. */
  readonly seed?: number
  /** `mnist`, or a folder; the run's own data unless said. */
  readonly data?: string
  /** The file. */
  readonly out: string
  /** Where run directories are. */
  readonly runs: string
}

/** @throws UserError when there is no such run, none of its encoders is done, or the index cannot be written */
export async function indexBuildCommand(
  asked: string | undefined,
  options: IndexBuildOptions,
  { stdout }: Io,
): Promise<number> {
  const started = performance.now()
  // Before the run's own folder becomes the current one.
  const out = resolve(options.out)
  const data =
    options.data === 'mnist' || options.data === undefined ? options.data : resolve(options.data)
  const engine = await chooseEngine({ engine: 'auto' })
  try {
    const run = await begunRun(asked, {
      engine: 'auto',
      workers: 1,
      checkpointEvery: 0,
      out: options.runs,
    })
    const configs = await selectExperiments(run.asked, run.options)
    const { encoder, spec, dataset } = await chooseEncoder(run.directory, configs, {
      engine,
      experiment: options.experiment,
      seed: options.seed,
      data: data ?? run.options.data,
    })
    const index = await indexOf(encoder, spec, dataset, engine)
    await index.save(out)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const { bits, size, model } = index
    stdout.print(
      `${size} images of ${dataset.name}, ${bits} bits each by ${model.name}: '${options.out}', in ${seconds} s`,
    )
    stdout.print(`Search it: gradpool search ${options.out} --image 0`)
    return exitCode.done
  } finally {
    await engine.dispose()
  }
}

interface Choice {
  readonly engine: Engine
  readonly experiment: string | undefined
  readonly seed: number | undefined
  readonly data: string | undefined
}

/** That of the experiment asked for, or of the last one that has any; and the images for it. */
async function chooseEncoder(
  directory: string,
  configs: readonly ExperimentConfig[],
  { engine, experiment, seed, data }: Choice,
): Promise<{ encoder: Encoder; spec: FilesSpec; dataset: ImageDataset }> {
  const loaded = new Map<string, Promise<ImageDataset>>()
  const named = experiment === undefined ? configs : [configNamed(experiment, configs)]
  for (const config of named.toReversed()) {
    const spec = specOf(data, config.data)
    const key = JSON.stringify(spec)
    const loading = loaded.get(key) ?? loadDataset(spec, { allocate: engine.allocate })
    loaded.set(key, loading)
    const dataset = await loading
    const encoder = await trainedEncoder(directory, { config, seed, dataset })
    if (encoder !== undefined) return { encoder, spec, dataset }
  }
  const whose = experiment ?? `the run '${directory}'`
  throw new UserError(
    `${whose} has no encoder: no stage of it makes codes, as those of mnist_hash_2 do`,
  )
}

function configNamed(name: string, configs: readonly ExperimentConfig[]): ExperimentConfig {
  const found = configs.find((config) => config.name === name)
  if (found !== undefined) return found
  const nearest = closest(
    name,
    configs.map((config) => config.name),
  )
  throw new UserError(`The run has no experiment '${name}': did you mean '${nearest}'?`)
}

/** @throws UserError where the codes are no numbers from 0 to 1 */
async function indexOf(
  encoder: Encoder,
  spec: FilesSpec,
  dataset: ImageDataset,
  engine: Engine,
): Promise<HashIndex> {
  const { bits, model } = encoder
  const images = dataset.splits.all
  const { label } = dataset.fields.train
  const codes = await encode(encoder, { engine, data: images })
  if (!codes.every((value) => value >= 0 && value <= 1)) {
    throw new UserError(
      `the codes of ${model.name} are not numbers from 0 to 1, so they stand for no bits: its code layer needs the activation 'sigmoid'`,
    )
  }
  const about = describeCollection(spec, dataset)
  const index = HashIndex.create({ bits, model, encoder: encoderToBytes({ encoder, about }) })
  const labels = Array.from(images.rows, (row) => label.values[row] ?? 0)
  index.add({ codes, ids: images.rows, labels, model })
  return index
}
