/** Trains a model: the one door. */
import { type Model } from '@gradpool/core'
import { modelFor, type Engine } from '@gradpool/core/engine'
import { availableParallelism } from 'node:os'
import { sharedEngine, type EngineName } from '../choose-engine.js'
import { tracedPrograms } from '../programs.js'
import { Callbacks } from './callbacks.js'
import { checkOptions } from './check-options.js'
import { Course, type CourseOptions } from './course.js'
import { doneIn, lastCheckpoint, openFitDirectory, type DoneTraining } from './fit-directory.js'
import type { DataFor, FitOptions, HasValidation, Held, Presence, Row, TrainingOptions } from './fit-types.js'
import { Fitted } from './fitted.js'
import { planFit, type PlannedFit, type PlanOptions, type ProgramsFor } from './plan-fit.js'

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
  return fitPrograms(({ fields, classes, imageShape }) => {
    const shaped = modelFor(model, { fields: fields.train, classes, imageShape })
    return tracedPrograms(shaped, { ...options, epochs: options.epochs ?? 10 })
  }, options)
}

/**
 * Trains the Programs that there are for a dataset, wherever they come from. The names in them are those of the types.
 */
export async function fitPrograms<M extends Model, H extends Presence>(
  programsFor: ProgramsFor,
  options: Omit<CommonOptions, 'onEpoch'> & Partial<Pick<TrainingOptions<string, Row<M, H>>, 'onEpoch' | 'onEnd'>>,
): Promise<Fitted<M, H>> {
  // As below.
  const onEpoch = options.onEpoch as CommonOptions['onEpoch']
  const { planned, engine, done, callbacks } = await trainUnder(programsFor, {
    ...options,
    onEpoch,
  })
  const history = done.history as unknown as readonly Row<M, H>[]
  callbacks.call('onEnd', options.onEnd, { history, reason: done.reason })
  const { plan, dataset, programs } = planned
  const { seed, training } = plan
  return new Fitted<M, H>({
    programs,
    engine,
    history: done.history,
    bestEpoch: done.bestEpoch,
    states: done.states,
    training: training.program,
    trainingData: dataset.splits.train,
    test: dataset.splits.test,
    provenance: () => ({
      numerics: engine.numerics,
      data: { name: dataset.name, hash: dataset.hash },
      seed,
      epochs: done.history.length,
      ...(programs.options && { options: programs.options }),
    }),
  })
}

/** Options of a training, whatever its Programs are made of. */
type CommonOptions = PlanOptions &
  Partial<Pick<CourseOptions, 'workers' | 'checkpointSeconds' | 'progress'>> & {
    readonly engine?: EngineName | Engine
    readonly directory?: string
    readonly signal?: AbortSignal
    readonly onWarning?: (message: string) => unknown
    // Rows are typed by the model for the caller only.
    readonly onStep?: CourseOptions['onStep']
    readonly onEpoch?: CourseOptions['onEpoch']
  }

interface Trained {
  readonly planned: PlannedFit
  readonly engine: Engine
  readonly done: DoneTraining
  readonly callbacks: Callbacks
}

/** Plans a training and does it, or what is left of it in its folder. */
async function trainUnder(programsFor: ProgramsFor, options: CommonOptions): Promise<Trained> {
  const { signal, directory: path, checkpointSeconds = 10 } = options
  const { workers = availableParallelism(), progress = process.stderr.isTTY } = options
  signal?.throwIfAborted()
  const engine = await engineFor(options.engine)
  const planned = await planFit(programsFor, options)
  const { plan, state } = planned
  const callbacks = new Callbacks(options.onWarning)
  const identity = { hash: plan.hash, numerics: engine.numerics }
  const checkpoints = path === undefined ? undefined : await openFitDirectory(path, identity)
  const from = await checkpoints?.latest(callbacks.warn)
  const before = doneIn(from)
  if (before) return { planned, engine, done: before, callbacks }
  const { onStep, onEpoch } = options
  const { retrace } = planned.programs
  const given = { plan, engine, state, workers, callbacks, checkpoints, from, checkpointSeconds, retrace }
  const done = await new Course({ ...given, signal, progress, onStep, onEpoch }).run()
  await checkpoints?.save(lastCheckpoint(done, plan, engine.numerics)).catch((error: unknown) => {
    callbacks.warn(`the finished training cannot be written to '${String(path)}': ${String(error)}`)
  })
  return { planned, engine, done, callbacks }
}

/** The one that is given, or the one of this name that the process shares. */
export async function engineFor(given: EngineName | Engine = 'auto'): Promise<Engine> {
  return typeof given === 'string' ? sharedEngine(given) : given
}
