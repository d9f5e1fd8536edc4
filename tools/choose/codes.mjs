/**
 * The weight `decorrelation` of the deep hash codes, chosen by how well codes of 64 bits find training images of the
 * same digit: queries are the 1,000 training images that are held out for validation, the collection the other 59,000,
 * and the encoder has seen these alone. Nothing of the test images is read.
 */
import { mnist } from '@gradpool/datasets'
import { defineExperiment, findExperiments } from '@gradpool/experiments'
import { packCodes, retrievalQuality } from '@gradpool/hashing'
import { hash } from '@gradpool/models'
import { findStageModel } from '@gradpool/orchestrator'
import { loadModel } from '@gradpool/trainer'
import { pixelsOf } from '../hashing/trained-codes.mjs'
import { mean, product } from './grid.mjs'

/** What is tried, divided by the number of bits; the rest is as the catalogue has it. */
const grid = { decorrelationTimesBits: [0.05, 0.1, 0.2, 0.4, 0.8] }
const bits = 64
export const seeds = [0, 1]
const data = mnist({ labelled: 1 })

/**
 * Trains an encoder with each setting and each seed.
 *
 * @param options `isQuick`: two settings, one epoch
 * @returns each setting with its score, the mean average precision over seeds, and that of each seed
 */
export async function tryCodes(training, { isQuick }) {
  const settings = product(grid)
  const tried = []
  for (const setting of isQuick ? settings.slice(0, 2) : settings) {
    const config = configOf(setting, isQuick)
    const { run, experiments } = await training.run([config], isQuick ? [0] : seeds)
    const { splits } = await training.load(data)
    const precisions = []
    for (const { name, seed } of experiments) {
      const { path } = await findStageModel(`${run}/${name}@${seed}`, { runs: run })
      const model = await loadModel(path)
      const coded = async (split) => {
        const { code } = await model.predict({ image: pixelsOf(split) })
        const { label } = split.fields
        return { codes: packCodes(code, { bits }), labels: Uint8Array.from(split.rows, (row) => label.values[row]) }
      }
      const queries = await coded(splits.validation)
      const collection = await coded(splits.train)
      await model.dispose()
      precisions.push(retrievalQuality({ bits, queries, collection, ranks: [], cutoffs: [] }).meanAveragePrecision)
    }
    tried.push({ ...setting, score: mean(precisions), precisions })
    console.log(tried.length, 'of', settings.length, setting, tried.at(-1).score.toFixed(4))
  }
  return tried
}

/** The catalogue's encoder, but trained on the images that are not held out. */
function configOf({ decorrelationTimesBits }, isQuick) {
  const [{ train, stages }] = findExperiments([`mnist_hash_deep_${bits}`])
  const { encoder, binary } = stages[0]
  const model = hash({ encoder, binary, decorrelation: decorrelationTimesBits / bits })
  return defineExperiment({
    name: `codes_${decorrelationTimesBits}`,
    data,
    train: isQuick ? { ...train, epochs: 1 } : train,
    stages: [{ name: 'codes', model, split: 'train' }],
  })
}
