/**
 * How a training ended, as a safetensors file: states under `state/`, those after the best epoch under `best/`, results
 * of the predictions under `predictions/`. Its metadata has one text, `gradpool`: the JSON of everything else.
 */
import { UserError } from '@gradpool/core'
import {
  decodeSafetensors,
  encodeSafetensors,
  hasFields,
  isCount,
  isHash,
  isText,
  type NamedArray,
  namedStates,
  valuesOf,
} from '@gradpool/storage'
import { type BestStates, isEpochRow, isMetrics, type EpochRow, type TrainingOutcome } from '@gradpool/trainer'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import { stateSizes } from '@gradpool/core/engine'
import { decodeJson, encodeJson, type Format, withNotFinite } from './json-document.js'

const FORMAT: Format = { format: 'gradpool-outcome', formatVersion: 1 }

/** What determines the bits of an outcome. */
export interface OutcomeOf {
  /** The hash of the stage. */
  readonly stage: string
  readonly numerics: string
}

/** It is over: it would come to the same again. */
export type FinalOutcome = Exclude<TrainingOutcome, { readonly status: 'interrupted' }>

type Done = Extract<TrainingOutcome, { readonly status: 'done' }>

export function encodeOutcome(
  outcome: FinalOutcome,
  { plan, numerics }: { plan: TrainingPlan; numerics: string },
): Uint8Array {
  const tensors = new Map<string, NamedArray>()
  const add = (part: string, arrays: Iterable<readonly [string, NamedArray]>) => {
    for (const [name, array] of arrays) tensors.set(`${part}/${name}`, array)
  }
  const { epochs, seconds, status } = outcome
  let told: object
  if (outcome.status === 'done') {
    const { state, best, predictions, test, epoch, firstEpoch } = outcome
    add('state', namedStates(plan.training.program.program, state))
    if (best) add('best', best.states)
    add('predictions', flat(predictions))
    told = { test, epoch, firstEpoch, ...(best && { bestEpoch: best.epoch }) }
  } else told = { error: outcome.error, mayRetry: outcome.mayRetry }
  const about = encodeJson(FORMAT, { stage: plan.hash, numerics, status, seconds, epochs, ...told })
  return encodeSafetensors({ tensors, metadata: { gradpool: about } })
}

function flat(arrays: Readonly<Record<string, Float32Array>>): [string, NamedArray][] {
  return Object.entries(arrays).map(([name, values]) => [name, { shape: [values.length], values }])
}

/**
 * @param where What the document is called in messages.
 * @throws UserError with one sentence for what is no outcome of this stage
 */
export function decodeOutcome(bytes: Uint8Array, of: OutcomeOf, where: string): FinalOutcome {
  const wrong = (what: string) => new UserError(`${where} is not a whole outcome: ${what}`)
  const { tensors, metadata } = decodeSafetensors(bytes, where)
  if (metadata.gradpool === undefined) throw wrong('it says nothing of a training')
  const { epochs, test, ...value } = decodeJson(metadata.gradpool, FORMAT, where)
  const about = { ...value, epochs: withNotFinite(epochs), test: withNotFinite(test) }
  if (!hasFields(about, commonFields)) throw wrong('a field is missing or malformed')
  if (about.stage !== of.stage || about.numerics !== of.numerics) throw new UserError(`${where} is of another stage`)
  const soFar = { epochs: about.epochs, seconds: about.seconds }
  if (hasFields(about, failedFields)) {
    if (tensors.size > 0) throw wrong('it failed, and has states')
    return { status: 'failed', error: about.error, mayRetry: about.mayRetry, ...soFar }
  }
  if (!hasFields(about, doneFields)) throw wrong('it is neither done nor failed')
  const parts = partsOf(tensors)
  if (parts === undefined) throw wrong('it has tensors of no name')
  if ((about.bestEpoch === undefined) !== (parts.best.size === 0)) throw wrong('its best epoch has no states')
  const isOne = (epoch: number) => epoch >= 1 && epoch <= about.epochs.length
  if (!isOne(about.epoch) || !isOne(about.bestEpoch ?? about.epoch))
    throw wrong('it tells of an epoch that is not there')
  const best: BestStates | undefined =
    about.bestEpoch === undefined ? undefined : { epoch: about.bestEpoch, states: parts.best }
  return {
    status: 'done',
    ...(best && { best }),
    test: about.test,
    predictions: valuesOf(parts.predictions),
    epoch: about.epoch,
    state: valuesOf(parts.state),
    firstEpoch: about.firstEpoch,
    ...soFar,
  }
}

/** @throws UserError with one sentence where it has other states than the plan, or results that it does not have */
export function checkOutcome(outcome: FinalOutcome, plan: TrainingPlan, where: string): void {
  if (outcome.status === 'failed') return
  const { program } = plan.training.program
  const sizes = stateSizes(program)
  const states = [outcome.state, ...(outcome.best ? [valuesOf(outcome.best.states)] : [])]
  const isOfPlan = (state: Done['state']) =>
    Object.keys(state).length === sizes.size &&
    Object.entries(state).every(([name, { length }]) => sizes.get(name) === length)
  const results = plan.predictions?.program.program.results.filter(({ rows }) => rows).map(({ name }) => name) ?? []
  const hasResults = Object.keys(outcome.predictions).sort().join() === [...results].sort().join()
  const isTested = (outcome.test === undefined) === (plan.test === undefined)
  if (!states.every(isOfPlan) || !hasResults || !isTested || outcome.epochs.length > plan.epochs) {
    throw new UserError(`${where} is not of the plan of its stage`)
  }
}

type Tensors = ReadonlyMap<string, NamedArray>

/** By what stands before the first slash. */
function partsOf(tensors: Tensors): Readonly<Record<'state' | 'best' | 'predictions', Tensors>> | undefined {
  const parts = {
    state: new Map<string, NamedArray>(),
    best: new Map<string, NamedArray>(),
    predictions: new Map<string, NamedArray>(),
  }
  for (const [path, array] of tensors) {
    const slash = path.indexOf('/')
    const [part, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (!isPart(part) || name in {}) return undefined
    parts[part].set(name, array)
  }
  return parts
}

function isPart(name: string): name is 'state' | 'best' | 'predictions' {
  return name === 'state' || name === 'best' || name === 'predictions'
}

const commonFields = {
  stage: isHash,
  numerics: isText,
  seconds: (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value),
  epochs: (rows: unknown): rows is readonly EpochRow[] =>
    Array.isArray(rows) && rows.every((row, at) => isEpochRow(row, at + 1)),
}

const failedFields = {
  status: (status: unknown) => status === 'failed',
  error: isText,
  mayRetry: (value: unknown): value is boolean => typeof value === 'boolean',
}

const doneFields = {
  status: (status: unknown) => status === 'done',
  epoch: isCount,
  firstEpoch: isHash,
  bestEpoch: (value: unknown): value is number | undefined => value === undefined || isCount(value),
  test: (value: unknown): value is Done['test'] => value === undefined || isMetrics(value),
}
