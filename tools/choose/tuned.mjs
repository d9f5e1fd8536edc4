/**
 * The settings of the preset `tuned`, chosen by accuracy on the 1,000 training images that are held out for validation.
 * Nothing of the test images is read.
 */
import { findExperiments, withOverrides, withPreset } from '@gradpool/experiments'
import { mean, product } from './grid.mjs'

/** What is tried, each with each; the rest of the preset is as the catalogue has it. */
const grid = {
  /** Of the hidden layers. */
  activation: ['tanh', 'relu'],
  /** At the start of autoencoders, and of the classifier on all labels. */
  learningRate: [0.001, 0.003],
  /** The next two are of the classifiers on 600 labels. */
  fewLabelsLearningRate: [0.003, 0.01],
  fewLabelsWeightDecay: [0.01, 0.1, 0.3],
}
export const seeds = [0, 1, 2]

/**
 * Trains the report's six experiments with each setting and each seed.
 *
 * @param options `isQuick`: two settings, one epoch
 * @returns each setting with its score, the mean over experiments and seeds, and the mean of each experiment
 */
export async function tryTuned(training, { isQuick }) {
  const settings = product(grid)
  const tried = []
  for (const setting of isQuick ? settings.slice(0, 2) : settings) {
    const configs = findExperiments(['report']).map((config) => tunedBy(config, setting, isQuick))
    const { experiments } = await training.run(configs, isQuick ? [0] : seeds)
    const accuracyOf = ({ stages }) => stages.at(-1).epochs.at(-1).validation.accuracy
    const accuracies = Object.fromEntries(
      configs.map(({ name }) => [name, mean(experiments.filter((its) => its.name === name).map(accuracyOf))]),
    )
    tried.push({ ...setting, score: mean(Object.values(accuracies)), accuracies })
    console.log(tried.length, 'of', settings.length, setting, tried.at(-1).score.toFixed(4))
  }
  return tried
}

/** The preset with these settings in place of its own. */
function tunedBy(config, setting, isQuick) {
  const tuned = withPreset(config, 'tuned')
  const rate = 'optimizer.learningRate.learningRate'
  const ofStages = tuned.stages.flatMap((stage, position) => {
    const path = `stages[${position}]`
    return [
      ...(stage.activation === undefined ? [] : [`${path}.activation=${setting.activation}`]),
      ...(stage.train === undefined
        ? []
        : [
            `${path}.train.${rate}=${setting.fewLabelsLearningRate}`,
            `${path}.train.optimizer.weightDecay=${setting.fewLabelsWeightDecay}`,
            ...(isQuick ? [`${path}.train.epochs=1`] : []),
          ]),
    ]
  })
  const ofAll = [`train.${rate}=${setting.learningRate}`, ...(isQuick ? ['train.epochs=1'] : [])]
  return withOverrides(tuned, [...ofAll, ...ofStages])
}
