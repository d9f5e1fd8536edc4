/**
 * The prediction for a fixed number of rows, compiled, with memory for its inputs. Runs one step at
 * a time.
 */
import { type Values } from '@gradpool/core'
import {
  invariant,
  type ChunkResult,
  type Engine,
  type Execution,
  type Program,
  type StateValues,
} from '@gradpool/core/engine'
import type { ValueSpec } from '@gradpool/storage/saved-model'
import type { WorkerPool } from '@gradpool/worker-pool'
import { RowsMemory } from './rows-memory.js'

/** Where rows are in the arrays of a call. */
export interface RowRange {
  readonly start: number
  readonly count: number
}

export interface CompiledRowsOptions {
  readonly engine: Engine
  readonly program: Program
  readonly rows: number
  readonly fields: readonly ValueSpec[]
  /** The weights, or whose to share. */
  readonly states: StateValues | CompiledRows
}

export class CompiledRows {
  readonly #execution: Execution
  readonly #memory: RowsMemory
  /** The predictions of the last step. */
  #results: ChunkResult['rows'] = {}

  private constructor(
    readonly rows: number,
    execution: Execution,
    memory: RowsMemory,
  ) {
    this.#execution = execution
    this.#memory = memory
  }

  static async compile({ engine, program, rows, fields, states }: CompiledRowsOptions): Promise<CompiledRows> {
    const memory = new RowsMemory(fields, engine.allocate, rows)
    const execution = await engine.compile(
      { program, batchSize: rows, numExamples: rows, shuffle: false, metrics: [] },
      {
        data: memory.split(rows),
        seed: 0,
        ...(states instanceof CompiledRows ? { shareStateOf: states.#execution } : { state: states }),
      },
    )
    return new CompiledRows(rows, execution, memory)
  }

  /** Puts these rows where the Program reads them; any others there stay. */
  load(arrays: readonly Values[], { start, count }: RowRange): void {
    this.#memory.write(arrays, start, count)
  }

  /** The weights where they are. */
  get states(): StateValues {
    return this.#execution.memory.states
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

  /** One step, on a thread of the pool. @throws WorkerDied when it ends first */
  async runThere(pool: WorkerPool): Promise<void> {
    this.#keep(this.#execution.finish(await pool.run(this.#execution.begin(1))))
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
