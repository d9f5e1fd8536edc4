/** A saved model that predicts in this thread, over a memory of its own that is as large as the model needs. */
import { UserError, type DType, type Shape, type Values } from '@gradpool/core'
import {
  bytesPerElement,
  computedBytes,
  nextTurn,
  sizeOf,
  type StateValues,
  type TableNames,
} from '@gradpool/core/engine'
import { OutOfMemory, wasmEngine } from '@gradpool/engine-cpu'
import { decodeSavedModel, pick, valuesOf, type SavedModel, type SavedPrediction } from '@gradpool/storage/saved-model'
import { ColumnNames } from './column-names.js'
import { CompiledRows } from './compiled-rows.js'
import { modelBytes, type ModelBytes } from './model-bytes.js'
import { ARRAYS, checkRows, type Rows, type RowValues } from './rows-in.js'

export interface PredictOptions {
  /**
   * The most rows that are computed at once, which takes memory for so many: 1, or as many as the model was saved for.
   * Many rows are faster so; the results are the same. Default: those of the model.
   */
  readonly rowsAtOnce?: 1
}

interface ValueType {
  readonly dtype: DType
  readonly shape: Shape
}

/** A turn of other work after so many milliseconds. */
const TURN_MS = 25
/** A block takes no longer than this part of its rows, one by one. */
const BLOCK_PART = 1 / 4
/** Of plans, two stacks of 256 KiB and what else is not counted. */
const SPARE_BYTES = 2 ** 20
const MOST_SPARE_BYTES = 2 ** 30

/**
 * @throws UserError with one sentence: for what is not a whole saved model, or has no prediction, and where the kernels
 *   are not to be found
 */
export async function loadModel(source: ModelBytes, options: PredictOptions = {}): Promise<SavedPredictor> {
  const { bytes, where } = await modelBytes(source)
  const saved = decodeSavedModel(bytes, where, { inPlace: true })
  if (!predicts(saved)) {
    throw new UserError(`${where} was saved without a prediction, since its definition has no predict function`)
  }
  const { row } = saved.predict
  const own = pick(
    valuesOf(saved.states),
    row.states.map(({ name }) => name),
  )
  return new SavedPredictor(saved, await compile(saved.predict, own, false), options)
}

type PredictingModel = SavedModel & Required<Pick<SavedModel, 'predict'>>

function predicts(saved: SavedModel): saved is PredictingModel {
  return saved.predict !== undefined
}

export class SavedPredictor extends ColumnNames {
  /** Fields that `predict` reads. */
  readonly inputs: Readonly<Record<string, ValueType>>
  /** What `predict` gives. */
  readonly outputs: Readonly<Record<string, ValueType>>
  /** Equal for models of equal Programs and weights. */
  readonly hash: string
  readonly provenance: SavedModel['provenance']
  /** As they were at the end of training. */
  readonly metrics: SavedModel['metrics']
  /** Whether a checksum covers provenance and metrics; files of version 0.2 have none. */
  readonly description: 'verified' | 'unverified'
  readonly #table: TableNames
  readonly #prediction: SavedPrediction
  readonly #blockRows: number
  #memory: ModelMemory | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor(saved: PredictingModel, memory: ModelMemory, { rowsAtOnce }: PredictOptions) {
    super()
    const { predict: prediction, hash, provenance, metrics, description = 'verified', table = {} } = saved
    this.inputs = byName(prediction.fields)
    this.outputs = byName(prediction.outputs)
    this.hash = hash
    this.provenance = provenance
    this.metrics = metrics
    this.description = description
    this.#table = table
    this.#prediction = prediction
    this.#blockRows = rowsAtOnce ?? prediction.blockRows
    this.#memory = memory
  }

  /** @internal */
  get table(): TableNames {
    return this.#table
  }

  /**
   * Predictions for any number of rows, each an array `[rows, ...shape]`: the bits of `predict` of `gradpool`. Calls
   * may overlap, and are done one after the other; the arrays must not change until they have ended.
   *
   * @throws UserError for a field of the wrong name, size or type
   */
  async predict(inputs: Readonly<Record<string, RowValues>>): Promise<Record<string, Values>> {
    const rows = checkRows(this.#prediction.fields, inputs)
    const result = this.#last.then(() => this.#run(rows))
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Lets its memory go, after the calls under way. */
  async dispose(): Promise<void> {
    await this.#last
    this.#memory = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  async #run({ arrays, numRows }: Rows): Promise<Record<string, Values>> {
    if (!this.#memory) throw new UserError('this model was disposed')
    if (this.#isForBlock(numRows) && !this.#memory.block) {
      this.#memory = await compile(this.#prediction, this.#memory.row.states, true)
    }
    const { row, block = row } = this.#memory
    const outputs = Object.fromEntries(
      this.#prediction.outputs.map(({ name, dtype, shape }) => [name, new ARRAYS[dtype](numRows * sizeOf(shape))]),
    )
    let turnEnds = performance.now() + TURN_MS
    for (let start = 0, count = 0; start < numRows; start += count) {
      if (performance.now() > turnEnds) {
        await nextTurn()
        turnEnds = performance.now() + TURN_MS
      }
      const compiled = this.#isForBlock(numRows - start) ? block : row
      count = Math.min(compiled.rows, numRows - start)
      compiled.load(arrays, { start, count })
      compiled.runHere()
      compiled.copyTo(outputs, { start, count })
    }
    return outputs
  }

  #isForBlock(numRows: number): boolean {
    return this.#blockRows > 1 && numRows > BLOCK_PART * this.#blockRows
  }
}

/** The predictions of one model, in a memory that has its weights once. */
interface ModelMemory {
  readonly row: CompiledRows
  readonly block?: CompiledRows
}

/**
 * A memory never grows, and how much a plan takes is known when it is made: where what was estimated is too little, a
 * larger one is tried.
 */
async function compile(prediction: SavedPrediction, states: StateValues, hasBlock: boolean): Promise<ModelMemory> {
  const { row, block, blockRows, fields } = prediction
  const numWeights = Object.values(states).reduce((sum, { length }) => sum + length + 16, 0)
  const rowBytes = fields.reduce((sum, { dtype, shape }) => sum + bytesPerElement[dtype] * sizeOf(shape), 0)
  const needed = 4 * numWeights + rowBytes + computedBytes(row)
  const forBlock = hasBlock ? blockRows * rowBytes + computedBytes(block) : 0
  for (let spare = SPARE_BYTES; ; spare *= 2) {
    const engine = await wasmEngine({ threads: false, memoryBytes: needed + forBlock + spare })
    try {
      const one = await CompiledRows.compile({ engine, fields, program: row, rows: 1, states })
      if (!hasBlock) return { row: one }
      return {
        row: one,
        block: await CompiledRows.compile({ engine, fields, program: block, rows: blockRows, states: one }),
      }
    } catch (error) {
      if (!(error instanceof OutOfMemory) || spare > MOST_SPARE_BYTES) throw error
    }
  }
}

function byName(specs: SavedPrediction['fields']): Record<string, ValueType> {
  return Object.fromEntries(specs.map(({ name, dtype, shape }) => [name, { dtype, shape }]))
}
