/** Judging a loaded model and training it further, by the Programs in its file. */
import type { MetricValue, Model } from '@gradpool/core'
import type { StateValues } from '@gradpool/core/engine'
import type { DataInput } from '@gradpool/datasets'
import { valuesOf, type SavedModel } from '@gradpool/storage'
import { engineFor } from '../choose-engine.js'
import { judge } from '../judge.js'
import { StepRunner } from '../online/step-runner.js'
import { savedPrograms } from '../programs.js'
import { ownStates } from '../saved-model/save-model.js'
import { checkOptions } from './check-options.js'
import { fitPrograms } from './fit.js'
import type { AnyData, Judged, Row, TrainingOptions } from './fit-types.js'
import { examplesOf, type Fitted } from './fitted.js'

/** A model of which types tell the names of a prediction, and no names of metrics. */
export type SavedNames<Input extends string, Output extends string> = Model<{
  readonly metrics: Readonly<Record<string, MetricValue>>
  readonly fields: string
  readonly predictFields: Input
  readonly outputs: Output
}>

export type SavedFitOptions<M extends Model> = AnyData & TrainingOptions<string, Row<M, 'maybe'>>

export async function fitSaved<Input extends string, Output extends string>(
  saved: SavedModel,
  options: SavedFitOptions<SavedNames<Input, Output>>,
): Promise<Fitted<SavedNames<Input, Output>, 'maybe'>> {
  checkOptions('fit of a loaded model', options)
  return fitPrograms(() => savedPrograms(saved), { initFrom: saved, ...options }, saved.table)
}

export async function judgeSaved<M extends Model>(saved: SavedModel, data: DataInput): Promise<Judged<M>> {
  const by = await splitJudge<M>(saved, data)
  return by(ownStates(valuesOf(saved.states)))
}

/** What tells loss and metrics over these examples, of a model with any states. */
export async function splitJudge<M extends Model>(
  saved: SavedModel,
  data: DataInput,
): Promise<(states: StateValues) => Promise<Judged<M>>> {
  const split = await examplesOf(data, saved.table)
  return async (state) => {
    const engine = await engineFor()
    const runner = new StepRunner(engine, 1)
    try {
      return await judge<M>({ engine, runner, states: { state } }, savedPrograms(saved).evaluate(split), split)
    } finally {
      await runner.close()
    }
  }
}
