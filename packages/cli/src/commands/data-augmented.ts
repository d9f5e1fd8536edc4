/** `gradpool data EXPERIMENT --augmented FILE`: what augmentation makes of the first images that are trained on. */
import { constant, UserError } from '@gradpool/core'
import { evaluate, sizeOf, traceProgram } from '@gradpool/core/engine'
import { datasetLoader, type Dataset } from '@gradpool/datasets'
import type { ExperimentConfig } from '@gradpool/experiments'
import { type Augmentation, augmented, isMixing, mixedBy, type Mixing } from '@gradpool/models'
import { reasonOf, writeDurably } from '@gradpool/storage'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { checkOutputs, PNG_FILE } from '../output-files.js'
import { colourGrid, type ColourPicture } from '../pictures/colour-grid.js'
import { encodeColourPng } from '../pictures/encode-png.js'
import { selectExperiments } from '../select-experiments.js'

const MOST_IMAGES = 8
const NUM_STEPS = 6

/** @throws UserError for an experiment that augments no images, or a file that cannot be written */
export async function dataAugmentedCommand(asked: string, path: string, { stdout }: Io): Promise<number> {
  await checkOutputs([{ option: '--augmented', path, kind: PNG_FILE }], { inputs: [asked] })
  const configs = await selectExperiments([asked], { preset: 'default', set: [] })
  const [config] = configs
  if (config === undefined || configs.length > 1) {
    throw new UserError(`--augmented draws the images of one experiment, and '${asked}' is ${configs.length}`)
  }
  const augmentations = augmentationsOf(config)
  const pictures = picturesOf(await datasetLoader()(config.data), augmentations)
  try {
    await writeDurably(path, encodeColourPng(colourGrid(pictures)))
  } catch (error) {
    throw new UserError(`The sheet cannot be written to '${path}': ${reasonOf(error)}`, { cause: error })
  }
  const kinds = augmentations.map(({ kind }) => kind).join(', ')
  stdout.print(`${path}: an image in each row, as it is and under ${kinds} in ${NUM_STEPS} steps`)
  return exitCode.done
}

type Change = Augmentation | Mixing

function augmentationsOf({ name, stages }: ExperimentConfig): readonly Change[] {
  for (const stage of stages) {
    if (stage.kind !== 'classify' || stage.standardize === true || (stage.field ?? 'image') !== 'image') continue
    if (stage.augment !== undefined && stage.augment.length > 0) return stage.augment
  }
  throw new UserError(
    `'${name}' augments no images as they come: a stage says so by classify({ augment: [{ kind: 'flip' }] })`,
  )
}

/** The first images, each with what it becomes in some steps of a batch of them. */
function picturesOf(dataset: Dataset, augmentations: readonly Change[]): ColourPicture[][] {
  const { fields, rows } = dataset.splits.train
  const { image } = fields
  if (image?.dtype !== 'u8') throw new UserError('--augmented draws images of bytes, and these data have none')
  const shape = image.shape.length > 1 ? image.shape : dataset.imageShape
  const [height, width, channels = 1] = shape ?? []
  if (height === undefined || width === undefined || (channels !== 1 && channels !== 3)) {
    throw new UserError(
      '--augmented draws images of one channel or three, [height, width] or [height, width, channels]',
    )
  }
  const size = sizeOf(image.shape)
  const first = rows.slice(0, MOST_IMAGES)
  const batch = Array.from(first, (row) => Array.from(image.values.subarray(row * size, (row + 1) * size))).flat()
  const program = traceProgram((trace) => {
    const images = trace.batch('image', 'u8', [first.length, height, width, channels])
    const varied = augmented(
      images,
      augmentations.filter((change) => !isMixing(change)),
    )
    // Labels are not drawn.
    const target = constant(0, [first.length])
    const { input } = mixedBy(augmentations.filter(isMixing), { input: varied, target }, {})
    trace.result('augmented', input)
  })
  const versions = Array.from({ length: NUM_STEPS }, (_, step) => {
    return evaluate(program, { batch: { image: batch }, step, seed: 0 }).results.augmented ?? []
  })
  return Array.from(first, (_, i) =>
    [batch, ...versions].map((images) => {
      const pixels = Uint8Array.from(images.slice(i * size, (i + 1) * size), (x) =>
        Math.min(255, Math.max(0, Math.round(x))),
      )
      return { pixels, height, width, channels }
    }),
  )
}
