/** Trains a model: the one door. */
import type { Engine, Model } from '@gradpool/core'
import { availableParallelism } from 'node:os'
import { sharedEngine, type EngineName } from '../choose-engine.js'
import type { EpochRow } from '../metrics/epoch-row.js'
import { Callbacks } from './callbacks.js'
import { checkOptions } from './check-options.js'
import { Course } from './course.js'
import { FitDirectory, type DoneTraining } from './fit-directory.js'
import type { DataFor, FitOptions, HasValidation, Held, Row, TrainingOptions } from './fit-types.js'
import { Fitted } from './fitted.js'
import { planFit, tracedModel, type PlannedFit } from './plan-fit.js'

/**
 * Trains a model on worker threads. The result is the same, bit for bit, on any number of them, and when it was interrupted and
 * resumed.
 *
 * @throws UserError with one sentence for options that are wrong, data that do not fit the model, a loss that is not finite
 * @throws the signal's reason, when it was aborted
 */
export async function fit<
  M extends Model,
  const D extends DataFor<M>,
  const V extends Held<M> | undefined = undefined,
>(model: M, options: FitOptions<M, D, V>): Promise<Fitted<M, HasValidation<D, V>>> {
  checkOptions('fit', options)
  const { signal, onEnd } = options
  signal?.throwIfAborted()
  const engine = await engineFor(options.engine)
  const planned = await planFit(tracedModel(model, options), options)
  const callbacks = new Callbacks(options.onWarning)
  const done = await trainPlan(planned, { ...options, engine, callbacks })
  // The names are those of the model's step, which is what the types say.
  const history = done.history as unknown as readonly Row<M, HasValidation<D, V>>[]
  callbacks.call('onEnd', onEnd, { history, reason: done.reason })
  return new Fitted({ model, engine, history, ...partsOf(planned, done) })
}

export async function engineFor(given: EngineName | Engine = 'auto'): Promise<Engine> {
  return typeof given === 'string' ? sharedEngine(given) : given
}
