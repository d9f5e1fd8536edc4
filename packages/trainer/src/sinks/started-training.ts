/** What sinks are told of a training that begins. */
import type { JsonValue } from '@gradpool/storage'
import type { TrainingPlan } from '../plan/training-plan.js'
import type { LogItem, ParamValue } from './sink.js'

export interface Told {
  /** How it learns, such as its optimizer. */
  readonly learning?: Readonly<Record<string, JsonValue>> | undefined
  readonly data: { readonly name: string; readonly hash: string }
  readonly engine: string
  /** What else is to be found by. */
  readonly more?: Readonly<Record<string, ParamValue>>
}

export function startedTraining(
  plan: TrainingPlan,
  { learning = {}, data, engine, more = {} }: Told,
): Extract<LogItem, { type: 'started' }> {
  const { seed, epochs, keep, training, validation, test } = plan
  const { batchSize, shuffle, microBatches = 1 } = training.program
  const params = {
    ...more,
    ...flat(learning),
    batchSize,
    epochs,
    keep,
    ...(microBatches > 1 && { microBatches }),
    seed,
    shuffle,
    data: data.name,
    engine,
  }
  // A Program of an evaluation computes no gradients: what people look at.
  const { program } = (validation ?? test ?? training).program
  return { type: 'started', epochs, params, program }
}

/** `optimizer.learningRate` of what is nested. */
function flat(values: Readonly<Record<string, JsonValue>>, prefix = ''): Record<string, ParamValue> {
  const entries = Object.entries(values).flatMap(([name, value]): [string, ParamValue][] => {
    if (value === null) return []
    if (Array.isArray(value)) return [[prefix + name, JSON.stringify(value)]]
    if (typeof value === 'object')
      return Object.entries(flat(Object.fromEntries(Object.entries(value)), `${prefix}${name}.`))
    return [[prefix + name, value]]
  })
  return Object.fromEntries(entries)
}
