/**
 * First values for a training: from a saved model, one that is loaded or fitted, or weights by
 * name.
 */
import { UserError, type Params, type Shape } from '@gradpool/core'
import { sameShape, sizeOf, type Program, type StateValues } from '@gradpool/core/engine'
import { decodeSavedModel, type NamedArray } from '@gradpool/storage'
import { readSource, type ModelSource } from '../saved-model/read-source.js'
import { ImportedWeights } from '../weights/imported-weights.js'

/** What has states by name: a loaded model or a fitted one. */
export interface StatesSource {
  /** @internal */
  readonly states: ReadonlyMap<string, NamedArray>
}

/**
 * A saved model (a path, a URL, bytes, a Blob, a stream), a loaded or a fitted one, weights of another library, or
 * weights by name.
 */
export type InitFrom = ModelSource | StatesSource | ImportedWeights | StateValues

interface Source {
  /** Without a shape, as many values are the same shape. */
  readonly states: ReadonlyMap<string, { readonly shape?: Shape; readonly values: Float32Array }>
  readonly where: string
}

export interface InitOptions {
  readonly program: Program
  /** Of the model, where its code is there. */
  readonly params: Params | undefined
  /** Is told of tensors that the model does not need. */
  readonly warn: (message: string) => void
}

/**
 * Values of those states that have the name and shape of one in the source, in the order of the
 * Program.
 *
 * @throws UserError where the source cannot be read, or none fits
 */
export async function initialStates(initFrom: InitFrom, { program, params, warn }: InitOptions): Promise<StateValues> {
  if (initFrom instanceof ImportedWeights) {
    if (params === undefined) {
      throw new UserError("initFrom: weights of another library need the model's own code, which a saved model lacks")
    }
    const { states, unused } = initFrom.match(params)
    if (unused.length > 0) warn(`the model does not use ${unused.length} of the tensors: ${unused.join(', ')}`)
    return states
  }
  const { states, where } = await open(initFrom)
  const wanted = program.inputs.filter(({ role }) => role === 'state')
  const fitting = wanted.flatMap(({ name, node }) => {
    const found = states.get(name)
    const { shape } = program.node(node)
    if (found?.values.length !== sizeOf(shape)) return []
    return found.shape === undefined || sameShape(found.shape, shape) ? [[name, found.values] as const] : []
  })
  if (fitting.some(([name]) => !name.startsWith('optimizer/'))) return Object.fromEntries(fitting)
  const list = (names: Iterable<string>) => [...names].slice(0, 8).join(', ') || 'none'
  throw new UserError(
    `initFrom: no state of ${where} has the name and shape of one of this model; ` +
      `it has ${list(states.keys())}, the model has ${list(wanted.map(({ name }) => name))}`,
  )
}

async function open(initFrom: Exclude<InitFrom, ImportedWeights>): Promise<Source> {
  if (isModelSource(initFrom)) {
    const { bytes, where } = await readSource(initFrom)
    return { states: decodeSavedModel(bytes, where).states, where }
  }
  if ('states' in initFrom && initFrom.states instanceof Map) {
    // Weights have no map among them.
    return { states: (initFrom as StatesSource).states, where: 'the model' }
  }
  const weights = Object.entries(initFrom as StateValues)
  const wrong = weights.find(([, values]) => !((values as unknown) instanceof Float32Array))
  if (wrong !== undefined) {
    throw new UserError(`initFrom: the weights "${wrong[0]}" must be a Float32Array`)
  }
  return {
    states: new Map(weights.map(([name, values]) => [name, { values }])),
    where: 'the weights',
  }
}

function isModelSource(value: Exclude<InitFrom, ImportedWeights>): value is ModelSource {
  return (
    typeof value === 'string' ||
    [URL, Uint8Array, ArrayBuffer, Blob].some((kind) => value instanceof kind) ||
    Symbol.asyncIterator in value
  )
}
