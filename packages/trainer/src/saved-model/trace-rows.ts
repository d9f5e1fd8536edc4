/**
 * A model's prediction and evaluation as a saved model has them: traced for one row, and for a
 * block of rows.
 */
import { UserError, type DType, type Model } from '@gradpool/core'
import {
  batchAxes,
  computedBytes,
  evaluation,
  prediction,
  prune,
  type DataSpec,
  type Program,
} from '@gradpool/core/engine'
import { fieldsOf, type RowPrograms, type SavedEvaluation, type SavedPrediction } from '@gradpool/storage'

type Fields = DataSpec['fields']

const MOST_BLOCK_ROWS = 256
const BLOCK_BYTES = 2 ** 25

/** What was traced, by the model and its fields: models of several seeds are one. */
interface Traced {
  readonly prediction: SavedPrediction | undefined
  readonly evaluation: SavedEvaluation
}

const traced = new WeakMap<Model, WeakMap<Fields, Partial<Traced>>>()

function once<Part extends keyof Traced>(
  part: Part,
  [model, fields]: readonly [Model, Fields],
  trace: () => Traced[Part],
): Traced[Part] {
  const ofModel = traced.get(model) ?? new WeakMap<Fields, Partial<Traced>>()
  traced.set(model, ofModel)
  const before: Partial<Traced> = ofModel.get(fields) ?? {}
  if (part in before) return before[part] as Traced[Part]
  const made = trace()
  ofModel.set(fields, { ...before, [part]: made })
  return made
}

/**
 * Undefined where the model has no `predict`.
 *
 * @throws UserError for a prediction that depends on other rows of its batch, or on random numbers
 */
export function tracePrediction(model: Model, fields: Fields): SavedPrediction | undefined {
  return once('prediction', [model, fields], () => predictionOf(model, fields))
}

function predictionOf(model: Model, dataFields: Fields): SavedPrediction | undefined {
  const functions = model.forData({ fields: dataFields })
  const inputs = Object.entries(functions.inputs ?? {}).map(([name, { shape, dtype = 'f32' }]) => {
    return [name, { shape, dtype }] as const
  })
  const fields = { ...dataFields, ...Object.fromEntries(inputs) }
  const { tracePrediction: trace } = functions
  if (trace === undefined) return undefined
  // Programs tell all results as f32.
  const dtypes = new Map<string, DType>()
  const watched: Model = {
    forData: () => ({
      ...functions,
      tracePrediction: (binding, batch) => {
        const predictions = trace(binding, batch)
        for (const [name, { dtype }] of Object.entries(predictions)) dtypes.set(name, dtype)
        return predictions
      },
    }),
  }
  const programs = rowPrograms((rows) => {
    const { program } = prediction(watched, batchOf(fields, rows))
    // Without what only other parts of the model read.
    return prune(program, { keepStates: false })
  })
  const { row, block } = programs
  const [mixed] = mixedResults(block)
  if (mixed !== undefined) {
    throw new UserError(
      `the prediction "${mixed}" cannot be saved: each of its rows must follow from that row of the data alone, and not from other rows of the batch`,
    )
  }
  if (block.inputs.some(({ role }) => role === 'seed' || role === 'step')) {
    throw new UserError('a prediction that draws random numbers cannot be saved')
  }
  const outputs = row.results.map(({ name, node }) => {
    return { name, dtype: dtypes.get(name) ?? 'f32', shape: row.node(node).shape.slice(1) }
  })
  return { fields: fieldsOf(row), outputs, ...programs }
}

export function traceEvaluation(model: Model, fields: Fields): SavedEvaluation {
  return once('evaluation', [model, fields], () => evaluationOf(model, fields))
}

function evaluationOf(model: Model, fields: Fields): SavedEvaluation {
  const { metrics } = evaluation(model, batchOf(fields, 1))
  return {
    metrics,
    ...rowPrograms((rows) => evaluation(model, batchOf(fields, rows)).program),
  }
}

function batchOf(fields: Fields, rows: number) {
  return { batchSize: rows, data: { fields, numExamples: rows } }
}

/** The block has as many rows as there is little memory for. */
function rowPrograms(trace: (rows: number) => Program): RowPrograms {
  const row = trace(1)
  const fitting = Math.floor(BLOCK_BYTES / Math.max(1, computedBytes(row)))
  const blockRows = Math.min(MOST_BLOCK_ROWS, Math.max(2, fitting))
  return { blockRows, row, block: trace(blockRows) }
}

/**
 * The names of the results of which a row does not follow from that row of the fields alone: that depend on other rows
 * of the batch, or on none.
 */
function mixedResults(program: Program): string[] {
  const axes = batchAxes(program)
  const fields = new Set(program.fields.map(({ node }) => node))
  const kinds: ('constant' | 'rows' | 'mixed')[] = []
  program.nodes.forEach(({ inputs }, index) => {
    const operands = inputs.map((input) => kinds[input])
    const isVarying = fields.has(index) || operands.includes('rows')
    if (operands.includes('mixed')) kinds.push('mixed')
    // Where several rows meet, as in a mean over the batch, the batch axis ends.
    else if (isVarying) kinds.push(axes[index] === undefined ? 'mixed' : 'rows')
    else kinds.push('constant')
  })
  return program.results.filter(({ node }) => kinds[node] !== 'rows' || axes[node] !== 0).map(({ name }) => name)
}
