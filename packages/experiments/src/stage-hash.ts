/**
 * The name of a stage: a hash of all that determines its result, and of nothing else.
 *
 * Names, conditions and the lines of the log are not part of it; the order of rows is, and the programs bit by bit.
 */
import type { BatchProgram } from '@gradpool/core/engine'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import { createHash } from 'node:crypto'

/**
 * Version of what Programs mean and of the files of a stage. Raised when stages of the same configuration come to other
 * results than before, or their files are others; whatever the version of this package, it alone tells whether a stage
 * that is done is this one.
 */
export const STAGE_FORMAT = 4

/** A pass with its data named by content. */
export interface NamedPass {
  readonly program: BatchProgram
  readonly data: {
    /** The hash of the contents. */
    readonly dataset: string
    /** Whose fields they are. */
    readonly part: 'train' | 'validation' | 'test'
    /** Null where the rows follow from the hash. */
    readonly rows: Int32Array | null
  }
}

export interface StageDeterminants extends Pick<TrainingPlan, 'monitor' | 'earlyStopping' | 'keep'> {
  /** From 0 to 2^32 - 1. */
  readonly seed: number
  readonly epochs: number
  readonly training: NamedPass
  readonly averaging?: { readonly every: number; readonly replicas: readonly NamedPass[] } | undefined
  readonly validation: NamedPass | null
  readonly test: NamedPass | null
  readonly samples: NamedPass | null
  /** The stage that gives first values, and the states it gives. */
  readonly initFrom: { readonly hash: string; readonly states: readonly string[] } | null
}

/** SHA-256, hexadecimal. */
export function stageHash(stage: StageDeterminants): string {
  const { seed, epochs, monitor, earlyStopping, keep, initFrom, averaging } = stage
  return sha256(
    JSON.stringify({
      format: STAGE_FORMAT,
      seed,
      epochs,
      monitor,
      earlyStopping,
      keep,
      training: described(stage.training),
      validation: stage.validation && described(stage.validation),
      test: stage.test && described(stage.test),
      samples: stage.samples && described(stage.samples),
      initFrom: initFrom && { hash: initFrom.hash, states: [...initFrom.states] },
      averaging: averaging && {
        every: averaging.every,
        replicas: averaging.replicas.map(described),
      },
    }),
  )
}

function described({ program, data }: NamedPass) {
  const { batchSize, numExamples, shuffle, metrics } = program
  return {
    batchSize,
    numExamples,
    shuffle,
    program: program.program.hash,
    tail: program.tail?.hash ?? null,
    // The text stands for a function of the user's own.
    metrics: metrics.map((metric) => {
      const { name, results } = metric
      return [name, results, 'finish' in metric ? String(metric.finish) : null]
    }),
    dataset: data.dataset,
    part: data.part,
    rows: data.rows && sha256(littleEndian(data.rows)),
  }
}

function littleEndian(rows: Int32Array): Uint8Array {
  const bytes = new Uint8Array(rows.length * 4)
  const view = new DataView(bytes.buffer)
  rows.forEach((row, i) => {
    view.setInt32(i * 4, row, true)
  })
  return bytes
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
