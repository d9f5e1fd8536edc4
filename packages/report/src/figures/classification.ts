/** Figures of a classifier: where it is right, how sure it is, and which mistakes it is surest of. */
import { classesFor, imageAt, labelsOf, type Examples } from './examples.js'
import type { CalibrationBin, ClassificationFigures, Judgement } from './stage-figures.js'

const NUM_BINS = 10
const NUM_MISTAKES = 16
const NUM_SAMPLES = 16

/** Undefined where the model predicts no class, or examples have none. Numbers of clusters are no classes. */
export function classificationFigures(
  examples: Examples,
): { readonly classification: ClassificationFigures; readonly samples: readonly Judgement[] } | undefined {
  const labels = labelsOf(examples)
  if (labels === undefined || examples.predicted.has('distances')) return undefined
  const probabilities = probabilitiesOf(examples)
  const estimates = estimatesOf(examples, probabilities)
  if (estimates === undefined) return undefined
  const largest = labels.reduce((most, label) => Math.max(most, label), 0)
  const numClasses = Math.max(probabilities?.size ?? 0, largest + 1, examples.classNames?.length ?? 0)
  const confusion = Array.from({ length: numClasses }, () => new Array<number>(numClasses).fill(0))
  const judged = Array.from(labels, (truth, at) => {
    const estimate = estimates[at] ?? 0
    const row = confusion[truth]
    if (row !== undefined) row[estimate] = (row[estimate] ?? 0) + 1
    const confidence = probabilities ? (probabilities.values[at * probabilities.size + estimate] ?? 0) : null
    return { at, truth, estimate, confidence }
  })
  const shown = ({ at, ...one }: (typeof judged)[number]): Judgement => ({
    ...one,
    image: imageAt(examples, examples.images, at),
  })
  const mistakes = judged
    .filter(({ truth, estimate }) => truth !== estimate)
    .sort((a, b) => (b.confidence ?? 0) - (a.confidence ?? 0) || a.at - b.at)
  const calibration = probabilities ? calibrationOf(judged) : []
  const gap = calibration.reduce((sum, bin) => sum + bin.count * Math.abs(bin.confidence - bin.accuracy), 0)
  const classification = {
    classes: classesFor(examples, numClasses),
    confusion,
    numExamples: judged.length,
    calibration,
    calibrationError: probabilities ? gap / judged.length : null,
    mistakes: mistakes.slice(0, NUM_MISTAKES).map(shown),
  }
  return { classification, samples: judged.slice(0, NUM_SAMPLES).map(shown) }
}

/** The class of each example: what the model says, or else the most probable one. */
function estimatesOf(
  { predicted, count }: Examples,
  probabilities: { values: Float64Array; size: number } | undefined,
): ArrayLike<number> | undefined {
  const told = predicted.get('estimate')
  if (told?.size === 1) return told.values
  if (probabilities === undefined) return undefined
  const { values, size } = probabilities
  return Int32Array.from({ length: count }, (_, at) => {
    const own = values.subarray(at * size, (at + 1) * size)
    return own.reduce((best, value, index) => (value > (own[best] ?? 0) ? index : best), 0)
  })
}

/** Of each example, how probable the model takes each class to be. */
function probabilitiesOf({ predicted, count }: Examples): { values: Float64Array; size: number } | undefined {
  const known = predicted.get('probabilities')
  if (known && known.size > 1) return { values: Float64Array.from(known.values), size: known.size }
  const logits = predicted.get('logits')
  if (logits === undefined || logits.size < 2) return undefined
  const { size } = logits
  const values = Float64Array.from(logits.values)
  for (let at = 0; at < count; at++) {
    const own = values.subarray(at * size, (at + 1) * size)
    const largest = Math.max(...own)
    own.forEach((logit, index) => (own[index] = Math.exp(logit - largest)))
    const total = own.reduce((sum, weight) => sum + weight, 0)
    own.forEach((weight, index) => (own[index] = weight / total))
  }
  return { values, size }
}

/** In bins of equal width between 0 and 1; those without examples are left out. */
function calibrationOf(
  judged: readonly { truth: number; estimate: number; confidence: number | null }[],
): CalibrationBin[] {
  const bins = Array.from({ length: NUM_BINS }, () => ({ count: 0, confidence: 0, right: 0 }))
  for (const { truth, estimate, confidence } of judged) {
    const bin = bins[Math.min(NUM_BINS - 1, Math.floor((confidence ?? 0) * NUM_BINS))]
    if (bin === undefined) continue
    bin.count++
    bin.confidence += confidence ?? 0
    bin.right += Number(truth === estimate)
  }
  return bins
    .filter(({ count }) => count > 0)
    .map(({ count, confidence, right }) => ({ count, confidence: confidence / count, accuracy: right / count }))
}
