/**
 * The hash of a training: of all that determines its result, and of nothing else. Workers,
 * callbacks and folders are no part of it; the order of rows is, and the Programs node by node.
 */
import type { BatchProgram, StateValues } from '@gradpool/core/engine'
import { weightsHash } from '@gradpool/storage'
import { createHash } from 'node:crypto'
import type { Pass, TrainingPlan } from '../plan/training-plan.js'

/** Raised when the same training comes to another result than before. */
const FORMAT = 1

export interface HashedTraining {
  readonly plan: Omit<TrainingPlan, 'hash'>
  /** Of the contents of the data. */
  readonly dataHash: string
  readonly state: StateValues | undefined
}

/** SHA-256, hexadecimal. */
export function trainingHash({ plan, dataHash, state }: HashedTraining): string {
  const { seed, epochs, earlyStopping, keep, monitor, training, averaging, validation } = plan
  const text = JSON.stringify({
    format: FORMAT,
    ...{ seed, epochs, earlyStopping, keep, monitor, data: dataHash },
    training: described(training),
    validation: validation && described(validation),
    averaging: averaging && {
      every: averaging.every,
      replicas: averaging.replicas.map(described),
    },
    state: state && weightsHash(state),
  })
  return sha256(text)
}

function described({ program, data }: Pass) {
  const { batchSize, numExamples, shuffle, microBatches }: BatchProgram = program
  const { buffer, byteOffset, byteLength } = data.rows
  return {
    ...{ batchSize, numExamples, shuffle, microBatches },
    program: program.program.hash,
    tail: program.tail?.hash,
    rows: sha256(new Uint8Array(buffer, byteOffset, byteLength)),
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
