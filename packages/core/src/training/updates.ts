/**
 * What a training step does to the model: gradients of its losses, and the next values of parameters and of what the
 * optimizers keep.
 */
import { invariant, UserError } from '../errors.js'
import { grad } from '../gradients/gradients.js'
import { clipped, sharedState, type Clip, type TrainedPart, type TrainedParts } from '../optimizers/index.js'
import { constant } from '../ops/constant.js'
import { add, div, equal, flush, less, lessEqual, mul, select, sub } from '../ops/elementwise.js'
import { cast } from '../ops/operands.js'
import { zeros } from '../random/initializers.js'
import type { Tensor } from '../tracing/tensor.js'
import type { Trace } from '../tracing/trace.js'
import type { Loss } from './losses.js'
import { rawState, type Binding, type NamedTensor } from './module.js'

export interface Updates {
  readonly losses: readonly Loss[]
  readonly parts: TrainedParts
  /** Bounds all gradients together, in place of those of the parts. */
  readonly clip: Clip | undefined
  /** The decay of the averages, where the model's states are those. */
  readonly ema: number | undefined
  /** How many steps make one update. */
  readonly accumulate: number
}

interface WithGradient extends NamedTensor {
  readonly gradient: Tensor
}

/**
 * Gives every trained parameter, and every state of the optimizer, its next value. Gradients are all taken at the
 * weights before the step, each of its own loss.
 */
export function traceUpdates(
  { trace, trainable, assigns }: Binding,
  { losses, parts, clip, ema, accumulate }: Updates,
): void {
  if (trainable.length > 0) parts.checkAllUsed(trainable.map(({ name }) => name))
  const trained = trainable.filter(({ name }) => parts.of(name).rule !== undefined)
  if (trained.length === 0) {
    // What learns by `assign` alone, such as k-means, needs no gradient.
    if (assigns) return
    throw new UserError('this model has no parameter to train')
  }
  const turn = turnOf(trace, accumulate)
  const bounded = withClip(accumulated(turn, gradientsOf(trained, losses)), clip)
  const byPart = new Map<TrainedPart, WithGradient[]>()
  for (const parameter of bounded) {
    const part = parts.of(parameter.name)
    byPart.set(part, [...(byPart.get(part) ?? []), parameter])
  }
  const next = [...byPart].flatMap(([part, parameters]) => {
    const own = clip === undefined ? withClip(parameters, part.clip) : parameters
    return traceRule(turn, part, own)
  })
  if (ema !== undefined) traceAverages(turn, ema, next)
}

/** Which of the steps that make an update this is. */
interface Turn {
  readonly trace: Trace
  /** The number of the update, i32 scalar, from 0. */
  readonly update: () => Tensor
  /** Where each step is an update, there is nothing to accumulate. */
  readonly steps?: { readonly count: number; readonly isFirst: Tensor; readonly isLast: Tensor }
}

/**
 * Steps of a turn are counted in a state, from 0: a step's number is not exact in f32 for long enough. A training
 * begins a turn, whatever its first states are. (Not `equal`, since parts that train apart may be averaged within a
 * turn.)
 */
function turnOf(trace: Trace, count: number): Turn {
  if (count === 1) return { trace, update: () => trace.step() }
  const step = cast(trace.step(), 'f32')
  const place = select(equal(step, 0), 0, trace.state(TURN, [], zeros))
  const [isFirst, isLast] = [less(place, 1), lessEqual(count - 1, place)]
  trace.update(TURN, select(isLast, 0, add(place, 1)))
  return { trace, update: () => cast(div(step, count), 'i32'), steps: { count, isFirst, isLast } }
}

/** How many steps of the turn were made. */
const TURN = 'optimizer/turn'

/** The mean of the gradients of all steps of the turn so far, added up in order. */
function accumulated({ trace, steps }: Turn, trained: readonly WithGradient[]): readonly WithGradient[] {
  if (steps === undefined) return trained
  return trained.map((parameter) => {
    const { name, tensor, gradient } = parameter
    const state = `optimizer/accumulated/${name}`
    const sofar = trace.state(state, tensor.shape, zeros)
    const total = add(select(steps.isFirst, 0, sofar), gradient)
    trace.update(state, total)
    return { ...parameter, gradient: mul(total, 1 / steps.count) }
  })
}

/** Gives a state its next value, in the last step of the turn. */
function updateInTurn({ trace, steps }: Turn, name: string, now: Tensor, next: Tensor): void {
  trace.update(name, steps ? select(steps.isLast, next, now) : next)
}

/** In the order of the parameters. */
function gradientsOf(trained: readonly NamedTensor[], losses: readonly Loss[]): WithGradient[] {
  const lossOf = new Map(trained.map(({ name }) => [name, lossFor(name, losses)]))
  const gradients = new Map<string, Tensor>()
  for (const loss of losses) {
    const own = trained.filter(({ name }) => lossOf.get(name) === loss)
    const values = grad(
      loss.value,
      own.map(({ tensor }) => tensor),
    )
    own.forEach(({ name }, i) => {
      const gradient = values[i]
      if (gradient) gradients.set(name, gradient)
    })
  }
  return trained.map((parameter) => {
    const gradient = gradients.get(parameter.name)
    invariant(gradient, `"${parameter.name}" has a gradient`)
    return { ...parameter, gradient }
  })
}

function lossFor(name: string, losses: readonly Loss[]): Loss {
  const loss = losses.find(({ part }) => part === undefined || name === part || name.startsWith(`${part}.`))
  if (loss !== undefined) return loss
  const [part = ''] = name.split('.')
  const known = losses.map((each) => each.part).join(', ')
  throw new UserError(`no loss trains the parameter "${name}": there are ${known}; give one for ${part}, or freeze it`)
}

function withClip(parameters: readonly WithGradient[], clip: Clip | undefined): readonly WithGradient[] {
  if (clip === undefined) return parameters
  const gradients = clipped(
    parameters.map(({ gradient }) => gradient),
    clip,
  )
  return parameters.map((parameter, i) => ({ ...parameter, gradient: gradients[i] ?? parameter.gradient }))
}

interface Updated extends NamedTensor {
  readonly weight: Tensor
}

function traceRule(turn: Turn, part: TrainedPart, trained: readonly WithGradient[]): readonly Updated[] {
  const { trace } = turn
  const { rule } = part
  if (rule === undefined) return []
  const slotName = (slot: string, parameter: string) => `optimizer/${slot}/${parameter}`
  const sharedName = (name: string) => sharedState(name, part)
  const shared = Object.fromEntries(rule.shared.map((name) => [name, trace.state(sharedName(name), [], zeros)]))
  const parameters = trained.map(({ name, tensor, gradient }) => {
    const slots = Object.fromEntries(
      rule.slots.map((slot) => [slot, trace.state(slotName(slot, name), tensor.shape, zeros)]),
    )
    return { name, weight: tensor, gradient, slots }
  })
  const next = rule.update({ step: turn.update(), shared, parameters })
  const updated = trained.map((parameter, index) => {
    const { name, tensor, average } = parameter
    const { slots = {} } = parameters[index] ?? {}
    const after = next.parameters[index]
    if (after === undefined) throw new UserError(`the optimizer gives "${name}" no next value`)
    updateInTurn(turn, average ? rawState(name) : name, tensor, after.weight)
    for (const [slot, value] of Object.entries(after.slots)) {
      updateInTurn(turn, slotName(slot, name), slots[slot] ?? value, value)
    }
    return { ...parameter, weight: after.weight }
  })
  for (const [name, value] of Object.entries(next.shared)) {
    updateInTurn(turn, sharedName(name), shared[name] ?? value, value)
  }
  return updated
}

/**
 * The averages of weights, without a bias towards the first:
 *
 *     c' = decay * c + (1 - decay)                        c = 0 at first, so c' = 1 - decay^t
 *     a' = flush(a + ((1 - decay) / c') * (w' - a))       which is w' after the first step
 *
 * That is the average with weights decay^(t - i) over the steps i, as optax.ema with debias has it.
 */
function traceAverages(turn: Turn, decay: number, updated: readonly Updated[]): void {
  const rest = constant(1 - decay)
  const ones = turn.trace.state(EMA, [], zeros)
  const correction = add(mul(constant(decay), ones), rest)
  updateInTurn(turn, EMA, ones, correction)
  const share = div(rest, correction)
  for (const { name, average, weight } of updated) {
    if (average) updateInTurn(turn, name, average, flush(add(average, mul(share, sub(weight, average)))))
  }
}

/** Of all averages, which have the same age. */
const EMA = 'optimizer/ema'
