/** `gradpool index build`: encodes images with a saved model, and writes an index of their codes. */
import { UserError } from '@gradpool/core'
import { type FilesSpec, type ImageDataset, loadDataset } from '@gradpool/datasets'
import { type Encoder, encoderOf, HashIndex } from '@gradpool/hashing'
import {
  findStageModel,
  isModelFile,
  modelOfStage,
  sourcesOfRun,
  type StageModel,
  stagesOf,
} from '@gradpool/orchestrator'
import { decodeSavedModel, readRegular } from '@gradpool/storage'
import { exitCode } from '../exit-code.js'
import { codesOf } from '../hashing/codes.js'
import { describeCollection, ownFiles, specOf } from '../hashing/collection.js'
import { type Io } from '../io.js'
import { checkOutputs, INDEX_FILE } from '../output-files.js'

export interface IndexBuildOptions {
  /** `mnist`, or a folder. Default: the run's own data. */
  readonly data?: string
  /** The file. */
  readonly out: string
  /** Where run directories are. */
  readonly runs: string
}

/**
 * @param target A saved model, a run, or RUN/EXPERIMENT. Default: the latest run.
 * @throws UserError when there is no such model, it makes no codes, or the index cannot be written
 */
export async function indexBuildCommand(
  target: string | undefined,
  { data, out, runs }: IndexBuildOptions,
  { stdout }: Io,
): Promise<number> {
  const started = performance.now()
  const { encoder, own, sources } = await chooseEncoder(target, runs)
  const inputs = [...sources, data]
  await checkOutputs([{ option: '--out', path: out, kind: INDEX_FILE }], { inputs })
  const spec = specOf(data, own)
  const dataset = await loadDataset(spec)
  const index = await indexOf(encoder, spec, dataset)
  await index.save(out)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const { bits, size, model } = index
  stdout.print(`${size} images of ${dataset.name}, ${bits} bits each by ${model.name}: '${out}', in ${seconds} s`)
  stdout.print(`Search it: gradpool search ${out} --image 0`)
  return exitCode.done
}

/** Of a run, or an experiment, that of the last stage that makes codes; with the images that it learned from. */
async function chooseEncoder(
  target = 'latest',
  runs: string,
): Promise<{ encoder: Encoder; own?: FilesSpec | undefined; sources: readonly string[] }> {
  if (isModelFile(target)) {
    const encoder = await encoderIn(await findStageModel(target, { runs }))
    if (encoder !== undefined) return { encoder, sources: [target] }
    throw new UserError(`'${target}' has no encoder: it predicts no code`)
  }
  for (const stage of (await stagesOf(target, { runs })).reverse()) {
    const encoder = await encoderIn(await modelOfStage(stage))
    if (encoder !== undefined) return { encoder, own: ownFiles(stage), sources: sourcesOfRun(stage.directory) }
  }
  throw new UserError(`'${target}' has no encoder: no stage of it makes codes, as those of mnist_hash_2 do`)
}

async function encoderIn({ path, title }: StageModel): Promise<Encoder | undefined> {
  return encoderOf(title, decodeSavedModel(await readRegular(path), `'${path}'`))
}

/** @throws UserError where the codes are no numbers from 0 to 1 */
async function indexOf(encoder: Encoder, spec: FilesSpec, dataset: ImageDataset): Promise<HashIndex> {
  const { bits, model } = encoder
  const { image, label } = dataset.fields.train
  const codes = await codesOf(encoder, { pixels: image.values, imageShape: dataset.imageShape })
  if (!codes.every((value) => value >= 0 && value <= 1)) {
    throw new UserError(
      `the codes of ${model.name} are not numbers from 0 to 1, so they stand for no bits: its code layer needs the activation 'sigmoid'`,
    )
  }
  const about = describeCollection(spec, dataset)
  const index = HashIndex.create({ bits, model, encoder: encoder.bytes, about })
  index.add({ codes, labels: label.values, model })
  return index
}
