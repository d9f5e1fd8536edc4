/** Whether Programs and states of a saved model belong together, and fit in memory. */
import { UserError } from '@gradpool/core'
import {
  type BatchProgram,
  type MetricSpec,
  type Program,
  sameShape,
  sizeProblem,
  type TableNames,
} from '@gradpool/core/engine'
import type { NamedArray } from '../number-types.js'
import type { ModelContent, RowPrograms, SavedPrediction, ValueSpec } from './saved-model.js'

/**
 * @param where What the model is called in messages.
 * @throws UserError with one sentence.
 */
export function checkContent(content: ModelContent, where: string): void {
  const { states, predict, evaluation, training, table } = content
  const check = new Check(where, states)
  if (predict) {
    check.rowPrograms('predict', predict)
    check.prediction(predict.row, predict)
    if (predict.row.inputs.some(({ role }) => role === 'step' || role === 'seed')) {
      check.refuse('its prediction draws random numbers')
    }
  }
  if (evaluation) {
    check.rowPrograms('evaluation', evaluation)
    check.metrics('evaluation', evaluation.row, evaluation.metrics)
  }
  if (table) check.table(table, predict?.fields ?? [])
  if (training) check.batchProgram('training', training)
}

/**
 * Whether the Programs of a pass and its metrics belong together.
 *
 * @param where What they are in is called in messages.
 * @throws UserError with one sentence.
 */
export function checkBatchProgram(part: string, program: BatchProgram, where: string): void {
  new Check(where, new Map(), 'plan').batchProgram(part, program)
}

/** The fields that a Program reads, as they are for one example. */
export function fieldsOf({ fields }: Program): ValueSpec[] {
  return fields.map(({ name, dtype, shape }) => ({ name, dtype, shape: shape.slice(1) }))
}

class Check {
  constructor(
    readonly where: string,
    readonly states: ReadonlyMap<string, NamedArray>,
    readonly kind = 'saved model',
  ) {}

  refuse(what: string): never {
    throw new UserError(`${this.where} is not a whole ${this.kind}: ${what}`)
  }

  batchProgram(part: string, { program, tail, batchSize, numExamples, metrics, plateaus }: BatchProgram): void {
    if (batchSize > numExamples) this.refuse(`its ${part} has batches larger than its data`)
    this.program(part, program, { rows: batchSize, mayStart: true })
    const rest = numExamples % batchSize
    if (tail && rest === 0) this.refuse(`its ${part} has a last batch of no examples`)
    if (tail) this.program(part, tail, { rows: rest, mayStart: true })
    this.metrics(part, program, metrics)
    const counts = program.states.filter(({ shape }) => shape.length === 0).map(({ name }) => name)
    if (plateaus?.some(({ state }) => !counts.includes(state))) {
      this.refuse(`its ${part} counts in a state that it does not have`)
    }
  }

  rowPrograms(part: string, { row, block, blockRows }: RowPrograms): void {
    this.program(part, row, { rows: 1 })
    this.program(part, block, { rows: blockRows })
    if (row.updates.length + block.updates.length > 0) this.refuse(`${part} changes its states`)
    const [ofRow, ofBlock] = [row, block].map((program) => [
      ...program.results.map(({ name }) => `result ${name}`),
      ...fieldsOf(program).map((field) => JSON.stringify(field)),
    ])
    if (JSON.stringify(ofRow) !== JSON.stringify(ofBlock)) {
      this.refuse(`${part} for one row and for a block are not the same`)
    }
  }

  /**
   * @param mayStart whether a state may lack values, as those of the optimizer do, and begin with
   *   its initializer
   */
  program(
    part: string,
    program: Program,
    { rows, mayStart = false }: { readonly rows: number; readonly mayStart?: boolean },
  ): void {
    const tooLarge = sizeProblem(program.nodes)
    if (tooLarge !== undefined) this.refuse(`${part} ${tooLarge}`)
    for (const { name, shape } of program.fields) {
      if (shape[0] === rows) continue
      this.refuse(`${part} reads '${name}' for ${shape[0] ?? 'no'} rows, not for ${rows}`)
    }
    for (const { name, shape } of program.states) {
      const state = this.states.get(name)
      if (state ? !sameShape(state.shape, shape) : !mayStart) {
        this.refuse(
          `${part} needs the tensor '${name}', [${shape.join(', ')}], ` +
            (state ? `and it is [${state.shape.join(', ')}]` : 'which is not there'),
        )
      }
    }
  }

  prediction(row: Program, { block, blockRows, fields, outputs }: SavedPrediction): void {
    if (JSON.stringify(fields) !== JSON.stringify(fieldsOf(row))) {
      this.refuse('its fields are not those that its prediction reads')
    }
    const named = outputs.map(({ name }) => name)
    if (JSON.stringify(named) !== JSON.stringify(row.results.map(({ name }) => name))) {
      this.refuse('its outputs are not the results of its prediction')
    }
    if (![...row.results, ...block.results].every(({ rows }) => rows)) {
      this.refuse('its outputs are not collected row by row')
    }
    outputs.forEach(({ name, shape }, index) => {
      for (const [program, rows] of [[row, 1] as const, [block, blockRows] as const]) {
        const result = program.node(program.results[index]?.node ?? -1)
        if (!sameShape(result.shape, [rows, ...shape])) {
          this.refuse(`its output '${name}' is not [${[rows, ...shape].join(', ')}]`)
        }
      }
    })
  }

  table({ columns = [], categories = {} }: TableNames, fields: readonly ValueSpec[]): void {
    const x = fields.find(({ name }) => name === 'x')
    if (x && columns.length > 0 && !sameShape(x.shape, [columns.length])) {
      this.refuse(`it has ${columns.length} columns and reads 'x' as [${x.shape.join(', ')}]`)
    }
    const other = Object.keys(categories).find((column) => !columns.includes(column))
    if (other !== undefined) this.refuse(`it has categories of '${other}', which is none of its columns`)
  }

  metrics(part: string, { results }: Program, metrics: readonly MetricSpec[]): void {
    const known = new Set(results.map(({ name }) => name))
    for (const metric of metrics) {
      const missing = Object.values(metric.results).find((name) => !known.has(name))
      if (missing !== undefined) {
        this.refuse(`the metric '${metric.name}' of ${part} is of the result '${missing}', which is not there`)
      }
    }
  }
}
