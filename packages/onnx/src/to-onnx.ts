/** Saved models as ONNX. */
import { UserError, type DType } from '@gradpool/core'
import { invariant, withBatchSize, withMarkedBatch, type Program } from '@gradpool/core/engine'
import { decodeSavedModel, type NamedArray, type SavedModel, type ValueSpec } from '@gradpool/storage'
import { createRequire } from 'node:module'
import { encodeModel } from './graph/encode.js'
import { GraphBuilder, type Ref } from './graph/builder.js'
import { TYPE_OF } from './graph/types.js'
import { Values } from './lowering/values.js'

export interface OnnxOptions {
  /** The number of rows in every batch. Default: any number, as a dimension called `batch`. */
  readonly batchSize?: number
}

/** The name of the dimension that is as long as there are examples. */
const BATCH = 'batch'

/**
 * The prediction of a saved model as an ONNX file of opset 18. Its inputs are the fields that the model reads, its
 * outputs the predictions, each `[batch, ...]`, under the names that the model has for them; its weights have the names
 * of the model's parameters. Names of classes, columns and categories are texts of its metadata.
 *
 *     await writeFile('digits.onnx', toOnnx(fitted.toBytes()))
 *     await writeFile('digits.onnx', toOnnx(await readFile('digits.gradpool')))
 *
 * @param model the bytes of a saved model, or what `decodeSavedModel` makes of them
 * @throws UserError with one sentence: for what is no saved model or predicts nothing, for an op that ONNX does not
 *   have, and for more than 2 GiB of weights
 */
export function toOnnx(model: Uint8Array | SavedModel, { batchSize }: OnnxOptions = {}): Uint8Array {
  const saved = model instanceof Uint8Array ? decodeSavedModel(model, 'the model') : model
  const { predict, states, table, hash } = saved
  if (predict === undefined) {
    throw new UserError('this model was saved without a prediction, so there is nothing to export')
  }
  if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new UserError(`batchSize must be a whole number from 1, not ${batchSize}`)
  }
  const { classNames, columns, categories, target, tokens } = table ?? {}
  const names = { classNames, columns, categories, target, tokens }
  const texts = Object.entries(names).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : JSON.stringify(value)] as const],
  )
  return encodeProgram(predict.block, {
    states,
    outputs: predict.outputs,
    batchSize: batchSize ?? BATCH,
    metadata: { ...Object.fromEntries(texts), hash },
  })
}

export interface ProgramOptions {
  readonly states: ReadonlyMap<string, NamedArray>
  /** Of each result, what it was before it became f32. */
  readonly outputs: readonly Pick<ValueSpec, 'name' | 'dtype'>[]
  /** Examples of a batch; the name of the dimension where there may be any number. */
  readonly batchSize: number | string
  readonly metadata?: Readonly<Record<string, string>>
}

/** The results of a Program that changes no state. */
export function encodeProgram(
  given: Program,
  { states, outputs, batchSize, metadata = {} }: ProgramOptions,
): Uint8Array {
  const isAny = typeof batchSize === 'string'
  const { program, marker } = isAny ? withMarkedBatch(given) : { program: withBatchSize(given, batchSize), marker: 0 }
  const shapeOf = (shape: readonly number[]) =>
    shape.map((extent) => (isAny && extent > 0 && extent % marker === 0 ? batchSize : extent))
  const builder = new GraphBuilder()
  const inputs = new Map<number, Ref>()
  // Fields before states, so that they keep their names.
  for (const { name, node, shape, dtype } of program.fields) {
    inputs.set(node, builder.input({ name, type: TYPE_OF[dtype], shape: shapeOf(shape) }))
  }
  const [field] = program.fields
  for (const { name, node, shape } of program.states) {
    const state = states.get(name)
    if (state === undefined) throw new UserError(`the model's state "${name}" is missing`)
    inputs.set(node, builder.weight(name, { shape, values: state.values }))
  }
  const input = field && inputs.get(field.node)
  const values = new Values(program, builder, inputs, isAny && input !== undefined ? { marker, input } : undefined)
  for (const { name, node } of program.results) {
    const dtype = outputs.find((output) => output.name === name)?.dtype ?? 'f32'
    const { shape } = program.node(node)
    builder.output(resultOf(values, node, dtype), { name, type: TYPE_OF[dtype], shape: shapeOf(shape) })
  }
  return encodeModel({ graph: builder.build(), version: ownVersion(), metadata })
}

/** Programs tell all results as f32: a whole number as it was before. */
function resultOf(values: Values, index: number, dtype: DType): Ref {
  const { op, inputs } = values.program.node(index)
  const [operand = -1] = inputs
  if (dtype === 'f32') return values.of(index)
  const isCast = op === 'cast' && values.program.node(operand).dtype === dtype
  return isCast ? values.of(operand) : values.builder.cast(values.of(index), TYPE_OF[dtype])
}

function ownVersion(): string {
  const description: unknown = createRequire(import.meta.url)('@gradpool/onnx/package.json')
  invariant(typeof description === 'object' && description !== null && 'version' in description, 'it has a version')
  return String(description.version)
}
