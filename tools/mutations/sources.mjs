/**
 * Programs of the catalogue, on images of 3 x 4 pixels with narrower layers, so that a case takes milliseconds, and of
 * a saved model.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { network, trainingData } from '@gradpool/engine-contract'
import { catalogue, planExperiment } from '@gradpool/experiments'
import { decodeSavedModel } from '@gradpool/storage'
import { fit } from '@gradpool/trainer'

const PIXELS = 12
/** Widths of layers, by those of the catalogue; the classes stay. */
const NARROWER = new Map([
  [784, PIXELS],
  [512, 9],
  [128, 8],
  [64, 7],
  [32, 6],
])

export async function catalogueSources() {
  return [...plannedSources(), ...(await savedSources())]
}

function plannedSources() {
  // Models of one's own have widths that cannot be changed.
  const narrow = [...catalogue().values()].filter(
    ({ data, stages }) => data.kind === 'mnist' && stages.every(({ kind }) => kind !== 'model'),
  )
  return narrow.flatMap((config) => {
    const stages = config.stages.map((stage) => ({
      ...stage,
      ...(stage.encoder instanceof Array && { encoder: stage.encoder.map(narrower) }),
      ...(stage.decoder instanceof Array && { decoder: stage.decoder.map(narrower) }),
    }))
    const plan = planExperiment({ ...config, stages }, { dataset: tinyImages(), seed: 0 })
    return plan.stages.flatMap((stage) =>
      ['training', 'validation', 'test', 'predictions'].flatMap((part) => {
        const pass = stage[part]
        return pass === undefined ? [] : [sourceOf(`${config.name} ${stage.name} ${part}`, pass.program)]
      }),
    )
  })
}

async function savedSources() {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-mutations-'))
  try {
    const path = join(folder, 'model.gradpool')
    const fitted = await fit(network, { data: trainingData.fields, epochs: 1, workers: 1, engine: 'wasm' })
    await fitted.save(path)
    const { predict, evaluation, training } = decodeSavedModel(await readFile(path), path)
    const programs = [predict?.row, predict?.block, evaluation?.row, evaluation?.block]
    return [
      ...programs.flatMap((program, index) => (program ? [{ name: `saved model ${index}`, program }] : [])),
      ...(training ? [sourceOf('saved training', training)] : []),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function sourceOf(name, { program, tail, batchSize }) {
  return { name, program, tail, batchSize }
}

function narrower(width) {
  return NARROWER.get(width) ?? width
}

function tinyImages() {
  const fields = (numExamples) => ({
    image: {
      dtype: 'u8',
      shape: [PIXELS],
      values: Uint8Array.from({ length: numExamples * PIXELS }, (_, i) => (i * 37) % 256),
    },
    label: { dtype: 'u8', shape: [], values: Uint8Array.from({ length: numExamples }, (_, i) => i % 10) },
  })
  const rowsOf = (begin, end) => Int32Array.from({ length: end - begin }, (_, i) => begin + i)
  const [train, test] = [fields(33), fields(11)]
  return {
    name: 'tiny',
    hash: 'ab'.repeat(32),
    imageShape: [3, 4],
    classes: 10,
    fields: { train, test },
    splits: {
      all: { fields: train, rows: rowsOf(0, 33) },
      train: { fields: train, rows: rowsOf(0, 23) },
      validation: { fields: train, rows: rowsOf(23, 33) },
      test: { fields: test, rows: rowsOf(0, 11) },
    },
  }
}
