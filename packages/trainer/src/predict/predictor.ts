/**
 * Predictions for any number of rows, from a prediction's Programs and weights.
 *
 * Little work is done in this thread at once, 2 ms in each turn of the event loop at most. More
 * than that moves to a worker thread, block by block, one call after the other. So calls may
 * overlap, and take no memory beyond their results.
 */
import { UserError, type Values } from '@gradpool/core'
import {
  computedBytes,
  flopsOf,
  invariant,
  sizeOf,
  withBatchSize,
  type Engine,
  type Program,
  type StateValues,
} from '@gradpool/core/engine'
import { pick, type SavedPrediction } from '@gradpool/storage'
import { createPool, type WorkerPool } from '@gradpool/worker-pool'
import { chooseEngine } from '../choose-engine.js'
import { CompiledRows } from './compiled-rows.js'
import { hasTime, inTurn } from './in-turn.js'
import { ARRAYS, checkRows, type Rows, type RowValues } from './rows-in.js'

/** `auto`: native code where it was built, else WebAssembly. Both give the same bits. */
export type PredictionEngine = 'auto' | 'native' | 'wasm'

/** What a step of any Program takes, as so many operations. */
const STEP_WORK = 1000

/** Less than 2 ms on one core. */
const SMALL_WORK = 1e7

/** A block takes no longer than this part of its rows, one by one. */
const BLOCK_PART = 1 / 4

/** A block for a few rows: requests that are answered together, and what is left after the blocks of the model. */
const FEW_ROWS = 16

type Wanted = ReadonlySet<string> | undefined

export class Predictor {
  readonly #prediction: SavedPrediction
  readonly #engine: Engine
  /** How long a row takes, counted in floating-point operations: those, and the memory touched. */
  readonly #workPerRow: number
  /** For this thread, as are the blocks by their rows, which are made when they are first needed. */
  readonly #row: CompiledRows
  readonly #here = new Map<number, Promise<CompiledRows>>()
  /** For the other thread. */
  readonly #there = new Map<number, Promise<CompiledRows>>()
  /** By their rows, most first; made when more than one row is predicted. */
  #programs: ReadonlyMap<number, Program> | undefined
  /** For work that would hold up the event loop; started when it is first needed. */
  #thread: WorkerPool | undefined
  /** The end of the calls on the thread so far. */
  #last: Promise<unknown> = Promise.resolve()
  #isDisposed = false

  private constructor(prediction: SavedPrediction, engine: Engine, row: CompiledRows) {
    this.#here.set(1, Promise.resolve(row))
    this.#prediction = prediction
    this.#engine = engine
    this.#workPerRow = STEP_WORK + flopsOf(prediction.row) + computedBytes(prediction.row)
    this.#row = row
  }

  /**
   * @param states By name; others than those of the prediction are left aside.
   * @throws UserError where the engine is not built, or lacks the memory
   */
  static async create(
    prediction: SavedPrediction,
    states: StateValues,
    engineName: PredictionEngine = 'auto',
  ): Promise<Predictor> {
    const { row: program, fields } = prediction
    const engine = await chooseEngine({ engine: engineName })
    const options = { engine, fields, program, rows: 1, states: ownStates(prediction, states) }
    return new Predictor(prediction, engine, await CompiledRows.compile(options))
  }

  /** Predicts with other weights from now on. No call may be under way. */
  write(states: StateValues): void {
    this.#row.write(ownStates(this.#prediction, states))
  }

  /**
   * Predictions, each `[rows, ...shape]`, from all fields that the model reads. The arrays must not
   * change meanwhile.
   *
   * @param wanted Names of predictions. Default: all.
   * @throws UserError for a field that is missing, unknown, or of the wrong size or type
   */
  async predict(inputs: Readonly<Record<string, RowValues>>, wanted?: Wanted): Promise<Record<string, Values>> {
    if (this.#isDisposed) throw new UserError('this model was disposed')
    const rows = checkRows(this.#prediction.fields, inputs)
    if (rows.numRows * this.#workPerRow <= SMALL_WORK) {
      const compiled = rows.numRows > 1 ? await this.#compiled(rows.numRows, this.#here) : [this.#row]
      // Where there is time left in this turn, a row is done before anything is awaited.
      return hasTime()
        ? this.#predictHere(rows, compiled, wanted)
        : inTurn(() => this.#predictHere(rows, compiled, wanted))
    }
    const result = this.#last.then(() => this.#predictThere(rows, wanted))
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Waits for the calls under way. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    await this.#last
    await inTurn(() => undefined)
    await this.#thread?.close()
    await this.#engine.dispose()
  }

  #predictHere(rows: Rows, all: readonly CompiledRows[], wanted: Wanted): Record<string, Values> {
    const outputs = this.#outputsFor(rows, wanted)
    for (const compiled of steps(rows, outputs, all)) compiled.runHere()
    return outputs
  }

  async #predictThere(rows: Rows, wanted: Wanted): Promise<Record<string, Values>> {
    const all = await this.#compiled(rows.numRows, this.#there)
    const outputs = this.#outputsFor(rows, wanted)
    const { threads = true, workerModule } = this.#engine
    if (!threads) {
      for (const compiled of steps(rows, outputs, all)) {
        await inTurn(() => {
          compiled.runHere()
        })
      }
      return outputs
    }
    this.#thread ??= createPool({ workers: 1, workerModule, exportName: 'executeChunk' })
    for (const compiled of steps(rows, outputs, all)) await compiled.runThere(this.#thread)
    return outputs
  }

  /** All that so many rows may take, most rows first; a single row always. */
  #compiled(numRows: number, made: Map<number, Promise<CompiledRows>>): Promise<CompiledRows[]> {
    this.#programs ??= programsOf(this.#prediction)
    const needed = [...this.#programs].filter(([rows]) => rows === 1 || isForBlock(numRows, rows))
    return Promise.all(
      needed.map(([rows, program]) => {
        const { fields } = this.#prediction
        const one =
          made.get(rows) ?? CompiledRows.compile({ engine: this.#engine, fields, program, rows, states: this.#row })
        made.set(rows, one)
        return one
      }),
    )
  }

  #outputsFor({ numRows }: Rows, wanted: Wanted): Record<string, Values> {
    const outputs: Record<string, Values> = {}
    for (const { name, dtype, shape } of this.#prediction.outputs) {
      if (wanted?.has(name) ?? true) outputs[name] = new ARRAYS[dtype](numRows * sizeOf(shape))
    }
    return outputs
  }
}

function ownStates({ row }: SavedPrediction, states: StateValues): StateValues {
  const names = row.states.map(({ name }) => name)
  return pick(states, names)
}

function programsOf({ row, block, blockRows }: SavedPrediction): ReadonlyMap<number, Program> {
  const few = blockRows > FEW_ROWS ? fewRows(block) : undefined
  return new Map([[blockRows, block], ...(few ? [[FEW_ROWS, few] as const] : []), [1, row]])
}

/** Undefined for a block of which none for other rows can be made. */
function fewRows(block: Program): Program | undefined {
  try {
    return withBatchSize(block, FEW_ROWS)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function isForBlock(numRows: number, blockRows: number): boolean {
  return numRows > BLOCK_PART * blockRows
}

/** Each of what is to run, in order, its rows loaded before and its predictions copied after. */
function* steps(
  { arrays, numRows }: Rows,
  outputs: Readonly<Record<string, Values>>,
  all: readonly CompiledRows[],
): Generator<CompiledRows> {
  for (let start = 0, count = 0; start < numRows; start += count) {
    const left = numRows - start
    const compiled = all.find(({ rows }) => rows === 1 || isForBlock(left, rows))
    invariant(compiled, 'a single row is always there')
    count = Math.min(compiled.rows, left)
    compiled.load(arrays, { start, count })
    yield compiled
    compiled.copyTo(outputs, { start, count })
  }
}
