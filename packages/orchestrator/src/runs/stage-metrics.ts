/** `metrics.json` of a stage: its figures, and the checks of one that was read. */
import { hasFields, isCount, isHash, isText, type Check } from '@gradpool/storage'
import { isEpochRow, isMetrics, type EpochRow, type Metrics } from '@gradpool/trainer'
import type { Sample, StageRef } from './run-result.js'

export interface StageMetrics {
  readonly stage: StageRef
  /** Of the engine that trained it; see `Engine.numerics`. */
  readonly numerics: string
  /** Of the Gradpool that trained it, for people. */
  readonly version: string
  readonly seconds: number
  /** Metrics over the test examples; null where there is no test. */
  readonly test: Metrics | null
  /** SHA-256 of the final states; see `ExperimentResult`. */
  readonly weightsHash: string
  /** The same of the states after the first epoch, for `verifyRun`. */
  readonly firstEpoch: string
  /** After which epoch the states of `best.gradpool` are; only where there is such a file. */
  readonly bestEpoch?: number
  readonly epochs: readonly EpochRow[]
  readonly samples: readonly Sample[]
}

export function isStageMetrics(value: unknown): value is StageMetrics & Record<string, unknown> {
  return hasFields(value, {
    stage: (stage) =>
      hasFields(stage, { hash: isText, name: isText, seed: isCount, experiments: listOf(isText) }) &&
      isText(stage.hash),
    numerics: isText,
    version: isText,
    seconds: Number.isFinite,
    test: (test) => test === null || isMetrics(test),
    weightsHash: isHash,
    firstEpoch: isHash,
    bestEpoch: (epoch) => epoch === undefined || isCount(epoch),
    epochs: (rows) => Array.isArray(rows) && rows.every((row, at) => isEpochRow(row, at + 1)),
    samples: listOf(isSample),
  })
}

function isSample(value: unknown): boolean {
  if (!hasFields(value, { imageShape: (shape) => listOf(isCount)(shape), truth: isNumber })) return false
  const [height, width, ...more] = value.imageShape as readonly number[]
  const isImage = (pixels: unknown) => listOf(isNumber)(pixels) && pixels.length === Number(height) * Number(width)
  const { image, estimate, reconstruction } = value
  return (
    more.length === 0 &&
    isImage(image) &&
    (estimate === undefined || isNumber(estimate)) &&
    (reconstruction === undefined || isImage(reconstruction))
  )
}

function listOf(check: Check): (value: unknown) => value is readonly unknown[] {
  return (value): value is readonly unknown[] => Array.isArray(value) && value.every(check)
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}
