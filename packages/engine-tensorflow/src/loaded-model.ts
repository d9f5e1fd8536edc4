/**
 * A SavedModel of a BatchProgram in TensorFlow's memory: one session of this thread, called by
 * signatures.
 */
import { doublesOf } from './lowering/saved-model.js'
import { NOT_FINITE } from './lowering/step.js'
import { loadTensorFlow } from './tensorflow.js'
import type { Tensor } from '@tensorflow/tfjs-core'

type Signature = Awaited<ReturnType<ReturnType<typeof loadTensorFlow>['node']['loadSavedModel']>>
type Values = Record<string, Float32Array | Int32Array>

/** What a loop leaves. */
export interface LoopStatus {
  /** The step that comes next. */
  readonly step: number
  /** Results of one element, of the last step. */
  readonly last: Float32Array
  /** Over the steps of the loop: of the results of one element, and of each other one. */
  readonly scalarSums: Float64Array
  readonly sums: readonly Float64Array[]
  /** False where a loss was not finite: of the step that comes next, which left nothing. */
  readonly finite: boolean
}

export class LoadedModel {
  readonly #signatures: ReadonlyMap<string, Signature>
  /** The version of the states that the variables hold. */
  version = -1
  /** How many steps take about as long as a slice should. */
  sliceSteps = 1

  private constructor(signatures: ReadonlyMap<string, Signature>) {
    this.#signatures = signatures
  }

  static async load(path: string, names: readonly string[]): Promise<LoadedModel> {
    const { node } = loadTensorFlow()
    const signatures = new Map<string, Signature>()
    for (const name of names) signatures.set(name, await node.loadSavedModel(path, ['serve'], name))
    return new LoadedModel(signatures)
  }

  /** By the signature `write`, or another that sets variables. */
  write(signature: string, states: Readonly<Record<string, { values: Float32Array; shape: readonly number[] }>>): void {
    const { tensor } = loadTensorFlow()
    const tensors = Object.entries(states).map(([name, { values, shape }]) => [
      name,
      tensor(values, [...shape], 'float32'),
    ])
    this.#call(signature, Object.fromEntries(tensors) as Record<string, Tensor>)
  }

  read(): Values {
    return this.#call('read', {})
  }

  /**
   * Each result by rows, of all examples of a pass; those of steps that did not run are worth
   * nothing.
   */
  collected(): Float32Array[] {
    const values = this.#call('collected', {})
    return byNumber(values, 'collected').map((name) => Float32Array.from(values[name] ?? []))
  }

  /** Continues from a step, in this order of the rows. */
  begin(step: number, order: Int32Array, batchSize: number): void {
    const { scalar, tensor, tensor1d } = loadTensorFlow()
    const numFull = Math.floor(order.length / batchSize)
    const end = numFull * batchSize
    this.#call('begin', {
      step: scalar(step, 'int32'),
      rows: tensor(order.slice(0, end), [numFull, batchSize], 'int32'),
      tail_rows: tensor1d(order.slice(end), 'int32'),
    })
  }

  /** The sums over the examples of a micro-batch, by their variables. */
  part(signature: string, positions: Int32Array): Values {
    const { tensor1d } = loadTensorFlow()
    return this.#call(signature, { positions: tensor1d(positions, 'int32') })
  }

  /** The steps below `limit`, all of them full batches or the one shorter one. */
  loop(kind: 'full' | 'tail', limit: number): LoopStatus {
    const { scalar } = loadTensorFlow()
    try {
      return statusOf(this.#call(kind, { limit: scalar(limit, 'int32') }), true)
    } catch (error) {
      if (!(error instanceof Error && error.message.includes(NOT_FINITE))) throw error
      return statusOf(this.#call('status', {}), false)
    }
  }

  /** Ends the session and frees its variables. */
  dispose(): void {
    for (const signature of this.#signatures.values()) signature.dispose()
  }

  /** Calls a signature; the input tensors are disposed of. */
  #call(name: string, inputs: Record<string, Tensor>): Values {
    const signature = this.#signatures.get(name)
    if (signature === undefined) throw new Error(`the model has no signature ${name}`)
    const outputs: Record<string, Tensor> = {}
    try {
      Object.assign(outputs, signature.predict(inputs))
      return Object.fromEntries(
        Object.entries(outputs).map(([key, output]) => [key, output.dataSync<'float32' | 'int32'>()]),
      )
    } finally {
      loadTensorFlow().dispose([...Object.values(inputs), ...Object.values(outputs)])
    }
  }
}

function statusOf(values: Values, finite: boolean): LoopStatus {
  const doubles = (name: string) => doublesOf(Int32Array.from(values[name] ?? []))
  return {
    step: values.step?.[0] ?? 0,
    last: Float32Array.from(values.last ?? []),
    scalarSums: doubles('scalar_sums'),
    sums: byNumber(values, 'sum').map(doubles),
    finite,
  }
}

/** The names `prefix_0`, `prefix_1`, … in their order. */
function byNumber(values: Values, prefix: string): string[] {
  const numberOf = (name: string) => Number(name.slice(prefix.length + 1))
  return Object.keys(values)
    .filter((name) => name.startsWith(`${prefix}_`))
    .sort((a, b) => numberOf(a) - numberOf(b))
}
