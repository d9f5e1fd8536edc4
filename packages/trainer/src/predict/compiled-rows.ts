/**
 * The prediction for a fixed number of rows, compiled, with memory for its inputs. Runs one step at
 * a time.
 */
import { type Values } from '@gradpool/core'
import {
  bytesPerElement,
  invariant,
  sizeOf,
  type Engine,
  type Execution,
  type Program,
  type ChunkOutcome,
  type ChunkResult,
  type ChunkTask,
  type StateValues,
} from '@gradpool/core/engine'
import type { SavedPrediction } from '@gradpool/storage'
import { ARRAYS } from './rows-in.js'

/** Where rows are in the arrays of a call. */
export interface RowRange {
  readonly start: number
  readonly count: number
}

export interface CompiledRowsOptions {
  readonly engine: Engine
  readonly program: Program
  readonly rows: number
  readonly prediction: SavedPrediction
  /** The weights, or whose to share. */
  readonly states: StateValues | CompiledRows
}

export class CompiledRows {
  readonly #execution: Execution
  readonly #fields: readonly { readonly size: number; readonly memory: Values }[]
  /** The predictions of the last step. */
  #results: ChunkResult['rows'] = {}

  private constructor(
    readonly rows: number,
    execution: Execution,
    memory: readonly Values[],
    prediction: SavedPrediction,
  ) {
    this.#execution = execution
    this.#fields = prediction.fields.map(({ shape }, index) => {
      const values = memory[index]
      invariant(values, 'each field has memory')
      return { size: sizeOf(shape), memory: values }
    })
  }

  static async compile(options: CompiledRowsOptions): Promise<CompiledRows> {
    const { engine, program, rows, prediction, states } = options
    const memory = prediction.fields.map(({ dtype, shape }) => {
      const count = rows * sizeOf(shape)
      const { buffer, byteOffset } = engine.allocate(count * bytesPerElement[dtype])
      return new ARRAYS[dtype](buffer, byteOffset, count)
    })
    const fields = prediction.fields.map(({ name, dtype, shape }, index) => {
      return [name, { dtype, shape, values: memory[index] ?? new Float32Array() }] as const
    })
    const data = {
      fields: Object.fromEntries(fields),
      rows: Int32Array.from({ length: rows }, (_, row) => row),
    }
    const execution = await engine.compile(
      { program, batchSize: rows, numExamples: rows, shuffle: false, metrics: [] },
      {
        data,
        seed: 0,
        ...(states instanceof CompiledRows ? { shareStateOf: states.#execution } : { state: states }),
      },
    )
    return new CompiledRows(rows, execution, memory, prediction)
  }

  /** Puts these rows where the Program reads them; any others there stay. */
  load(arrays: readonly Values[], { start, count }: RowRange): void {
    this.#fields.forEach(({ size, memory }, index) => {
      memory.set(arrays[index]?.subarray(start * size, (start + count) * size) ?? [])
    })
  }

  /** Other weights, for what shares them, too. */
  write(states: StateValues): void {
    this.#execution.write(states)
  }

  /** One step, in this thread. */
  runHere(): void {
    const result = this.#execution.runNow?.(1)
    invariant(result, 'engines on the CPU run steps at once')
    this.#keep(result)
  }

  /** What a worker executes; its answer is for `finish`. */
  begin(): readonly ChunkTask[] {
    return this.#execution.begin(1)
  }

  finish(outcomes: readonly ChunkOutcome[]): void {
    this.#keep(this.#execution.finish(outcomes))
  }

  #keep({ status, rows }: ChunkResult): void {
    invariant(status === 'done', 'a prediction is one whole step')
    this.#results = rows
  }

  /**
   * Writes the predictions of the last step, for as many rows as are asked for, to those outputs
   * that are there.
   */
  copyTo(outputs: Readonly<Record<string, Values>>, { start, count }: RowRange): void {
    for (const [name, output] of Object.entries(outputs)) {
      const values = this.#results[name]
      invariant(values, `there is a prediction ${name}`)
      const size = values.length / this.rows
      output.set(count === this.rows ? values : values.subarray(0, count * size), start * size)
    }
  }
}
