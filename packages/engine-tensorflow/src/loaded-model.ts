/**
 * SavedModels of BatchPrograms that this thread has loaded: each is a TensorFlow session, called by signatures, and is
 * kept until its execution is disposed of.
 */
import { SharedStates, type SharedRecord } from '@gradpool/core/engine'
import { flushingDenormals } from '@gradpool/engine-cpu'
import type { TensorFlowChunkTask } from './chunk-task.js'
import { doublesOf } from './lowering/saved-model.js'
import { NOT_FINITE } from './lowering/step.js'
import { loadTensorFlow } from './tensorflow.js'
import type { Tensor } from '@tensorflow/tfjs-core'

type Signature = Awaited<ReturnType<ReturnType<typeof loadTensorFlow>['node']['loadSavedModel']>>
type Values = Record<string, Float32Array | Int32Array>

/** How a loop ended. */
export interface LoopStatus {
  /** The next step. */
  readonly step: number
  /** The results of one element in the last step. */
  readonly last: Float32Array
  /** Sums over the steps of the loop: of the results of one element, and of each other result. */
  readonly scalarSums: Float64Array
  readonly sums: readonly Float64Array[]
  /** False if the loss of the next step is not finite; that step changed nothing. */
  readonly finite: boolean
}

/** What a variable is set to. */
interface VariableValue {
  readonly name: string
  readonly values: Float32Array
  readonly shape: readonly number[]
}

export class LoadedModel {
  readonly #signatures: ReadonlyMap<string, Signature>
  /** The version of the shared states that the variables hold; -1 once steps have changed them. */
  version = -1
  /** How many steps take about as long as a slice. */
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

  /** Calls `write`, or another signature that sets variables. */
  write(signature: string, variables: readonly VariableValue[]): void {
    const { tensor } = loadTensorFlow()
    const tensors = variables.map(({ name, values, shape }) => [name, tensor(values, [...shape], 'float32')] as const)
    this.#call(signature, Object.fromEntries(tensors))
  }

  /** Sets the variables to the shared states, if these have changed. */
  writeStates(task: TensorFlowChunkTask): void {
    const states = new SharedStates(task.states)
    const { version } = states
    if (this.version === version) return
    const values = states.read()
    const variables = task.variables.map((variable) => {
      return { ...variable, values: values[variable.state] ?? new Float32Array() }
    })
    this.write('write', variables)
    this.version = version
  }

  /** Sets the shared states to the variables. */
  readStates(task: TensorFlowChunkTask): void {
    const states = new SharedStates(task.states)
    const values = this.#call('read', {})
    const read = task.variables.map(({ name, state }) => [state, Float32Array.from(values[name] ?? [])] as const)
    states.write(Object.fromEntries(read))
    this.version = states.version
  }

  /** Each result by rows, for all examples of a pass. The rows of steps that did not run are undefined. */
  collected(): Float32Array[] {
    const values = this.#call('collected', {})
    return byNumber(values, 'collected').map((name) => Float32Array.from(values[name] ?? []))
  }

  /** Continues from a step of an epoch that visits the rows in this order. */
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

  /** The sums over the examples of a micro-batch, by variable. */
  part(signature: string, positions: Int32Array): Values {
    const { tensor1d } = loadTensorFlow()
    return this.#call(signature, { positions: tensor1d(positions, 'int32') })
  }

  /** Runs the steps below `limit`: full batches, or the shorter last one. */
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
      // TensorFlow's own threads flush denormal numbers; this one, which runs the graph, does so for the call.
      Object.assign(
        outputs,
        flushingDenormals(() => signature.predict(inputs)),
      )
      return Object.fromEntries(
        Object.entries(outputs).map(([key, output]) => [key, output.dataSync<'float32' | 'int32'>()]),
      )
    } finally {
      loadTensorFlow().dispose([...Object.values(inputs), ...Object.values(outputs)])
    }
  }
}

const loaded = new Map<string, { readonly model: LoadedModel; readonly record: SharedRecord }>()

/** The model of a task, with the current shared states. */
export async function modelOf(task: TensorFlowChunkTask, record: SharedRecord): Promise<LoadedModel> {
  const model = loaded.get(task.model)?.model ?? (await LoadedModel.load(task.model, task.signatures))
  loaded.set(task.model, { model, record })
  model.writeStates(task)
  return model
}

/** Frees the models whose executions are disposed of. */
export function releaseModels(): void {
  for (const [name, { model, record }] of loaded) {
    if (!record.disposed) continue
    loaded.delete(name)
    model.dispose()
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

/** The names `prefix_0`, `prefix_1`, … in order. */
function byNumber(values: Values, prefix: string): string[] {
  const numberOf = (name: string) => Number(name.slice(prefix.length + 1))
  return Object.keys(values)
    .filter((name) => name.startsWith(`${prefix}_`))
    .sort((a, b) => numberOf(a) - numberOf(b))
}
