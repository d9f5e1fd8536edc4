/**
 * A training whose batches come from the caller, one step at a time. One execution, of a batch of
 * one row, has the states; a batch size that is new gets a Program of its own, which shares them.
 * Steps are counted over all of them, so the same rows in the same order give the same bits as
 * under `fit`.
 */
import { UserError } from '@gradpool/core'
import { invariant, type BatchProgram, type Engine, type Execution, type Split } from '@gradpool/core/engine'
import type { ValueSpec } from '@gradpool/storage'
import { emitWarning } from '../fit/callbacks.js'
import { initialStates, type InitFrom } from '../fit/init-from.js'
import type { Metrics } from '../metrics/epoch-row.js'
import { metricsOf } from '../metrics/metrics-of.js'
import { checkRows, type RowValues } from '../predict/rows-in.js'
import { RowsMemory } from '../predict/rows-memory.js'
import type { Programs } from '../programs.js'
import { labelIsOutside, labelOutside } from '../training/label-outside.js'
import type { StepRunner } from './step-runner.js'

/** Programs of so many batch sizes are kept; each takes memory of the engine. */
const MOST_SIZES = 16

export interface OnlineOptions {
  readonly fields: readonly ValueSpec[]
  readonly seed: number
  /** One that reads fields where they are, as those of the CPU do. */
  readonly engine: Engine
  readonly runner: StepRunner
  /** For steps on so many rows. */
  readonly programsFor: (numRows: number) => Programs
}

export class OnlineTraining {
  /** Has the states. */
  readonly owner: Execution
  readonly #options: OnlineOptions
  readonly #ownMemory: RowsMemory
  readonly #memory: RowsMemory
  #capacity = 0
  /** By batch size, the one that was used last at the end. */
  readonly #executions = new Map<number, Execution>()
  #lastUsed: Execution | undefined
  #steps = 0
  #lastLoss = NaN

  private constructor(options: OnlineOptions, owner: Execution, ownMemory: RowsMemory) {
    this.#options = options
    this.owner = owner
    this.#ownMemory = ownMemory
    this.#memory = new RowsMemory(options.fields, options.engine.allocate)
  }

  /** @throws UserError where the fields do not fit the model, or `initFrom` does not */
  static async create(options: OnlineOptions, initFrom?: InitFrom): Promise<OnlineTraining> {
    const { engine, runner, seed, fields, programsFor } = options
    const memory = new RowsMemory(fields, engine.allocate)
    const data = memory.split(1)
    const programs = programsFor(1)
    const program = programs.train(data)
    if (program.plateaus) throw new UserError('the plateau schedule goes by epochs, which startTraining does not have')
    const given = { program: program.program, params: programs.paramsFor?.(data), warn: emitWarning }
    const state = initFrom === undefined ? {} : await initialStates(initFrom, given)
    const owner = await engine.compile(program, { data, seed, workers: runner.workers, state })
    return new OnlineTraining(options, owner, memory)
  }

  /** A row, of which only the types are of interest. */
  get data(): Split {
    return this.#ownMemory.split(1)
  }

  /** Of the step that was done last, or of one on a row. */
  get program(): BatchProgram {
    return (this.#lastUsed ?? this.owner).program
  }

  /** Steps that are done. */
  get steps(): number {
    return this.#steps
  }

  /**
   * One step on these rows. One call at a time.
   *
   * @throws UserError for rows that do not fit, and for a loss that is not finite; nothing is
   *   updated then
   */
  async step(rows: Readonly<Record<string, RowValues>>): Promise<Metrics> {
    const { numRows, arrays } = checkRows(this.#options.fields, rows)
    if (numRows === 0) throw new UserError('a step needs at least one row')
    const execution = numRows === 1 ? this.owner : await this.#executionFor(numRows)
    const memory = numRows === 1 ? this.#ownMemory : this.#memory
    memory.write(arrays)
    const step = this.#steps
    execution.seek({ ...execution.position(), step, since: step, lastLoss: this.#lastLoss })
    const result = await this.#options.runner.run({ execution, feed: undefined }, 1)
    if (result.status === 'notFinite') {
      const label = labelOutside({ program: execution.program, data: memory.split(numRows), seed: 0, step: 0 })
      const why = label ? `: ${labelIsOutside(label)}` : '; a smaller learning rate may help'
      throw new UserError(`the loss is not a finite number at step ${step + 1}, so nothing was updated${why}`)
    }
    invariant(result.status === 'done', 'a step is done whole')
    this.#steps++
    this.#lastUsed = execution
    this.#lastLoss = result.lastLoss
    return metricsOf(execution.program, result)
  }

  dispose(): void {
    this.#forgetAll()
    this.owner.dispose()
  }

  async #executionFor(numRows: number): Promise<Execution> {
    if (numRows > this.#capacity) {
      // The memory that they read is left.
      this.#forgetAll()
      this.#capacity = this.#memory.grow(numRows)
    }
    const execution = this.#executions.get(numRows) ?? (await this.#compile(numRows))
    this.#executions.delete(numRows)
    this.#executions.set(numRows, execution)
    const [oldest] = this.#executions.keys()
    if (this.#executions.size > MOST_SIZES && oldest !== undefined) {
      this.#executions.get(oldest)?.dispose()
      this.#executions.delete(oldest)
    }
    return execution
  }

  #compile(numRows: number): Promise<Execution> {
    const { engine, runner, seed, programsFor } = this.#options
    const data = this.#memory.split(numRows)
    const program = programsFor(numRows).train(data)
    const { workers } = runner
    return engine.compile(program, { data, seed, workers, shareStateOf: this.owner })
  }

  #forgetAll(): void {
    for (const execution of this.#executions.values()) execution.dispose()
    this.#executions.clear()
  }
}
