/**
 * The hash of a training: of all that determines its result, and of nothing else.
 *
 * Names, workers, callbacks and folders are not part of it; the order of rows is, and the programs bit by bit.
 */
import { createSha256, type BatchProgram, type Reading, type TableNames } from '@gradpool/core/engine'
import type { Dataset } from '@gradpool/datasets'
import type { Pass, TrainingPlan } from './training-plan.js'

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
    readonly reading?: Reading | undefined
  }
}

export interface TrainingDeterminants extends Pick<TrainingPlan, 'monitor' | 'earlyStopping' | 'keep'> {
  /** From 0 to 2^32 - 1. */
  readonly seed: number
  readonly epochs: number
  /** What the numbers of a table are called; undefined for other data. */
  readonly table?: TableNames | undefined
  readonly training: NamedPass
  readonly averaging?: { readonly every: number; readonly replicas: readonly NamedPass[] } | undefined
  readonly validation?: NamedPass | undefined
  readonly test?: NamedPass | undefined
  readonly samples?: NamedPass | undefined
  /** The hash of the training that gives first values, or of the values, and the states that are given. */
  readonly initFrom?: { readonly hash: string; readonly states: readonly string[] } | undefined
}

/** Passes whose data are of this dataset. */
export function namedPasses({ hash, fields: of }: Pick<Dataset, 'hash' | 'fields'>): (pass: Pass) => NamedPass {
  return ({ program, data: { fields, rows, reading } }) => {
    const part = fields === of.train ? 'train' : fields === of.test ? 'test' : 'validation'
    return { program, data: { dataset: hash, part, rows, reading } }
  }
}

/** SHA-256, hexadecimal. */
export function trainingHash(training: TrainingDeterminants): string {
  const { seed, epochs, monitor, earlyStopping, keep, initFrom, averaging, table } = training
  return sha256(
    JSON.stringify({
      format: STAGE_FORMAT,
      seed,
      epochs,
      table,
      monitor,
      earlyStopping,
      keep,
      training: described(training.training),
      validation: training.validation ? described(training.validation) : null,
      test: training.test ? described(training.test) : null,
      samples: training.samples ? described(training.samples) : null,
      initFrom: initFrom ? { hash: initFrom.hash, states: [...initFrom.states] } : null,
      averaging: averaging && {
        every: averaging.every,
        replicas: averaging.replicas.map(described),
      },
    }),
  )
}

/** Passes that trainings of several seeds have in common. */
const descriptions = new WeakMap<NamedPass, object>()

function described(pass: NamedPass): object {
  const before = descriptions.get(pass) ?? description(pass)
  descriptions.set(pass, before)
  return before
}

function description({ program, data }: NamedPass): object {
  const { batchSize, numExamples, shuffle, plateaus, metrics } = program
  return {
    batchSize,
    numExamples,
    shuffle: shuffle && (data.reading?.shuffle ?? true),
    program: program.program.hash,
    tail: program.tail?.hash ?? null,
    plateaus,
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
  return createSha256().update(data).digest()
}
