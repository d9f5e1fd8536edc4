/**
 * Which training images are labelled, and which are set aside for validation.
 *
 * The training rows are shuffled once, by the split's own seed, whatever the seed of the run: the labelled rows are the
 * first of that order and the validation rows the last, so a larger labelled fraction contains every smaller one, and
 * the validation set is the same for all of them.
 */
import { shuffled, UserError } from '@gradpool/core'
import type { SplitSpec } from './spec.js'

export interface TrainRows {
  /** All rows, in the order of the file. */
  readonly images: Int32Array
  readonly labelled: Int32Array
  readonly validation: Int32Array
}

/** In the place of an epoch's number, so that no epoch of a training has the order of a split. */
const splitEpoch = -1

/** @throws UserError when there are too few images for the split. */
export function splitTrainRows(numImages: number, spec: SplitSpec): TrainRows {
  const images = Int32Array.from({ length: numImages }, (_, row) => row)
  const rest = numImages - spec.validation
  if (rest < 1) {
    const limit = `expected fewer than its ${numImages} training images`
    throw new UserError(
      `A validation set of ${spec.validation} leaves nothing to train on: ${limit}`,
    )
  }
  const numLabelled = spec.labelled === 1 ? rest : Math.round(spec.labelled * numImages)
  const asked = `labelled: ${spec.labelled} asks for ${numLabelled} of ${numImages} training images`
  if (numLabelled < 1) throw new UserError(`${asked}, expected at least 1`)
  if (numLabelled > rest) {
    const expected = `expected at most the ${rest} that are not in the validation set`
    throw new UserError(`${asked}, ${expected}; labelled: 1 takes all of these`)
  }
  const order = shuffled(images, spec.splitSeed, splitEpoch)
  return { images, labelled: order.slice(0, numLabelled), validation: order.slice(rest) }
}
