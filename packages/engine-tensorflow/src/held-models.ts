/**
 * The models that this thread has loaded, each held until its execution is disposed of, and their
 * states.
 */
import { SharedStates, type SharedRecord } from '@gradpool/core/engine'
import { LoadedModel } from './loaded-model.js'
import type { TensorFlowChunkTask } from './chunk-task.js'

const models = new Map<string, { readonly model: LoadedModel; readonly record: SharedRecord }>()

/** Frees the models whose executions are gone. */
export function releaseModels(): void {
  for (const [name, { model, record }] of models) {
    if (!record.disposed) continue
    models.delete(name)
    model.dispose()
  }
}

/** The model of a task, with the states that are shared now. */
export async function modelOf(task: TensorFlowChunkTask, record: SharedRecord): Promise<LoadedModel> {
  const model = models.get(task.model)?.model ?? (await LoadedModel.load(task.model, task.signatures))
  models.set(task.model, { model, record })
  const states = new SharedStates(task.states)
  if (model.version !== states.version) writeStates(model, states, task)
  return model
}

function writeStates(model: LoadedModel, states: SharedStates, task: TensorFlowChunkTask): void {
  const { version } = states
  const values = states.read()
  const written = task.variables.map(({ name, state, shape }) => {
    return [name, { values: values[state] ?? new Float32Array(), shape }] as const
  })
  model.write('write', Object.fromEntries(written))
  model.version = version
}

/** Shares the states that a chunk has left in the model. */
export function readStates(model: LoadedModel, task: TensorFlowChunkTask): void {
  const states = new SharedStates(task.states)
  const values = model.read()
  states.write(
    Object.fromEntries(task.variables.map(({ name, state }) => [state, Float32Array.from(values[name] ?? [])])),
  )
  model.version = states.version
}
