/** Trains a model: the one door. */
import { type Model } from '@gradpool/core'
import { availableCores, modelFor, type TableNames } from '@gradpool/core/engine'
import { nodeProcess } from '@gradpool/core/node-module'
import { modelDataOf, splitReport, tableNamesOf } from '@gradpool/datasets'
import { engineFor } from '../choose-engine.js'
import { tracedPrograms } from '../programs.js'
import { Callbacks } from './callbacks.js'
import { checkOptions } from './check-options.js'
import { Course, type CourseOptions } from './course.js'
import { doneIn, lastCheckpoint, openFitDirectory } from './fit-directory.js'
import { tellProfile } from './tell-profile.js'
import { checkProfile } from '../profile/profile-file.js'
import type { TrainingProfile } from '../profile/training-profile.js'
import type { DataFor, FitOptions, HasValidation, Held, Presence, Row } from './fit-types.js'
import { Fitted, weightsOf } from './fitted.js'
import { SinkFeed } from '../sinks/sink-feed.js'
import { startedTraining } from '../sinks/started-training.js'
import { planFit, type AnyFitOptions, type ProgramsFor } from './plan-fit.js'

/**
 * Trains a model on worker threads. The result is the same, bit for bit, on any number of them, and
 * when it was interrupted and resumed.
 *
 * @throws UserError with one sentence for options that are wrong, data that do not fit the model, a
 *   loss that is not finite
 * @throws the signal's reason, when it was aborted
 */
export async function fit<M extends Model, const D extends DataFor<M>, const V extends Held<M> | undefined = undefined>(
  model: M,
  options: FitOptions<M, D, V>,
): Promise<Fitted<M, HasValidation<D, V>>> {
  checkOptions('fit', options)
  return fitModel<M, HasValidation<D, V>>(model, options)
}

/** The same with options that were checked. */
export async function fitModel<M extends Model, H extends Presence>(
  model: M,
  options: AnyFitOptions<Row<M, H>>,
): Promise<Fitted<M, H>> {
  return fitPrograms((dataset) => {
    const shaped = modelFor(model, modelDataOf(dataset))
    return tracedPrograms(shaped, { ...options, epochs: options.epochs ?? 10 })
  }, options)
}

/**
 * Trains the Programs that there are for a dataset, wherever they come from, or does what is left of that in its
 * folder. The names in them are those of the types.
 *
 * @param names What a table is read by, of a model that was trained before.
 */
export async function fitPrograms<M extends Model, H extends Presence>(
  programsFor: ProgramsFor,
  options: AnyFitOptions<Row<M, H>>,
  names?: TableNames,
): Promise<Fitted<M, H>> {
  const { signal, directory, checkpointSeconds = 10, onStep, onWarning, profile } = options
  const stderr = nodeProcess()?.stderr
  const { workers = availableCores(), progress = stderr?.isTTY ?? false } = options
  // As rows below.
  const onEpoch = options.onEpoch as CourseOptions['onEpoch']
  signal?.throwIfAborted()
  const engine = await engineFor(options.engine)
  if (profile !== undefined) await checkProfile(engine, profile)
  const callbacks = new Callbacks(onWarning)
  const { plan, dataset, programs, state } = await planFit(programsFor, options, { warn: callbacks.warn, names })
  const report = splitReport(dataset)
  for (const leak of report?.leaks ?? []) callbacks.warn(leak)
  if (report && progress) stderr?.write(`${report.counts}\n`)
  const { numerics } = engine
  const identity = { hash: plan.hash, numerics }
  const checkpoints = directory === undefined ? undefined : await openFitDirectory(directory, identity)
  const from = await checkpoints?.latest(identity, callbacks.warn)
  let done = doneIn(from)
  if (done !== undefined && profile !== undefined) await tellProfile(profile, [], callbacks.warn)
  if (done === undefined) {
    const { retrace } = programs
    const feed = new SinkFeed({ sinks: options.sinks ?? [], warn: callbacks.warn })
    if (!feed.isEmpty) {
      const told = { learning: programs.options, data: dataset, engine: engine.name }
      feed.tell('', startedTraining(plan, told))
    }
    const given = { plan, engine, state, retrace, workers, callbacks, feed, checkpoints, from, checkpointSeconds }
    let profiles: readonly TrainingProfile[] = []
    const onProfile = profile === undefined ? undefined : (made: typeof profiles) => (profiles = made)
    try {
      done = await new Course({ ...given, signal, progress, onStep, onEpoch, onProfile }).run()
      const weights = feed.wantsWeights('end') ? { weights: weightsOf(done.states) } : {}
      feed.tell('', { type: 'ended', status: 'done', epoch: done.history.length, test: null, ...weights })
    } finally {
      await feed.close(signal?.aborted === true ? 'interrupted' : 'failed')
      if (profile !== undefined) await tellProfile(profile, profiles, callbacks.warn)
    }
    await checkpoints?.save(lastCheckpoint(done, plan, numerics)).catch((error: unknown) => {
      callbacks.warn(`the finished training cannot be written to '${String(directory)}': ${String(error)}`)
    })
  }
  const { history, reason, bestEpoch, states } = done
  callbacks.call('onEnd', options.onEnd, { history: history as unknown as readonly Row<M, H>[], reason })
  const { seed, training } = plan
  return new Fitted<M, H>({
    programs,
    engine,
    history,
    bestEpoch,
    states,
    training: training.program,
    trainingData: dataset.splits.train,
    test: dataset.splits.test,
    table: tableNamesOf(dataset),
    provenance: () => ({
      numerics,
      data: { name: dataset.name, hash: dataset.hash },
      seed,
      epochs: history.length,
      ...(programs.options && { options: programs.options }),
    }),
  })
}
