/**
 * Predictions from saved models, by themselves: without threads, files or shared memory, in a memory of about the
 * model's size. So it runs where there is no Node, and starts fast where there is one.
 *
 *     const digits = await loadModel(bytes)
 *     const { probabilities } = await digits.predict({ image })
 */
export { locateFiles } from '@gradpool/core'
export { loadModel, type PredictOptions, SavedPredictor } from './saved-predictor.js'
export type { ModelBytes } from './model-bytes.js'
export { ARRAYS, checkRows, type Rows, type RowValues, typesText } from './rows-in.js'
