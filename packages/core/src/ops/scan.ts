/**
 * A loop over time. It is unrolled: each step leaves nodes of its own in the trace, so gradients, engines and plans
 * know nothing of loops.
 */
import { Tensor } from '../tracing/tensor.js'
import { shapeError } from '../tracing/trace.js'
import { less, select } from './elementwise.js'
import { concat, reshape, slice } from './layout.js'
import { sameShape } from '../program/dtype.js'
import { tensorOf } from './operands.js'

/** One tensor, or several by name. */
export type Tensors = Tensor | Readonly<Record<string, Tensor>>

/** What a cell makes of a time step. */
export interface CellStep<State extends Tensors, Output extends Tensors> {
  /** For the next step; of the shapes of the one before. */
  readonly state: State
  readonly output: Output
}

export interface ScanOptions {
  /**
   * How many time steps of each example count: integers [batch]. Those after leave the state as it is, and their
   * outputs are zeros. Default: all.
   */
  readonly lengths?: Tensor
  /** From the last time step to the first. Default: false. */
  readonly reverse?: boolean
}

/**
 * Calls `cell` for each time step, with the state that it left at the step before: `sequence` is [batch, time, ...],
 * and a cell sees [batch, ...] of it.
 *
 * Memory and the time to plan are linear in the number of steps. What does not depend on the state, such as the product
 * of an input and a weight, is computed faster before the loop, for all steps at once.
 *
 * @param initial the state before the first step: a tensor, or tensors by name
 * @param sequence a tensor, or tensors by name, of one batch and number of time steps
 * @returns the state after the last step, and the outputs of all, [batch, time, ...]
 * @throws ShapeError where the sequences have no time axis, or not the same, where lengths are not integers [batch], or
 *   where a step changes the shape of the state
 */
export function scan<State extends Tensors, Sequence extends Tensors, Output extends Tensors>(
  cell: (state: State, x: Sequence) => CellStep<State, Output>,
  initial: State,
  sequence: Sequence,
  { lengths, reverse = false }: ScanOptions = {},
): { readonly state: State; readonly outputs: Output } {
  const { batch, time } = checkedExtents(sequence)
  const counts = lengths && checkedLengths(lengths, batch)
  const steps = Array.from({ length: time }, (_, step) => (reverse ? time - 1 - step : step))
  const outputs: Output[] = []
  let state = initial
  for (const step of steps) {
    const next = cell(
      state,
      mapTensors(sequence, (x) => reshape(slice(x, startsAt(x, step), blockOf(x)), [batch, ...x.shape.slice(2)])),
    )
    const isLive = counts && less(step, counts)
    const kept = state
    checkState(next.state, kept)
    state = isLive ? mapTensors(next.state, (x, name) => where(isLive, x, tensorIn(kept, name))) : next.state
    outputs[step] = isLive ? mapTensors(next.output, (x) => where(isLive, x, 0)) : next.output
  }
  const [first] = outputs
  if (first === undefined) throw shapeError('scan: the sequence has no time step')
  return { state, outputs: mapTensors(first, (_, name) => alongTime(outputs.map((each) => tensorIn(each, name)))) }
}

/** The batch and the number of time steps that all sequences have. */
function checkedExtents(sequence: Tensors): { batch: number; time: number } {
  let extents: { batch: number; time: number } | undefined
  mapTensors(sequence, (x) => {
    const [batch, time] = tensorOf(x).shape
    if (batch === undefined || time === undefined) {
      throw shapeError(`scan: a sequence must be [batch, time, ...], not ${x.toString()}`)
    }
    extents ??= { batch, time }
    if (batch === extents.batch && time === extents.time) return x
    throw shapeError(
      `scan: sequences must be [${extents.batch}, ${extents.time}, ...] as the first, not ${x.toString()}`,
    )
  })
  if (extents === undefined) throw shapeError('scan: there is no sequence')
  return extents
}

function checkedLengths(lengths: Tensor, batch: number): Tensor {
  const { dtype, shape } = tensorOf(lengths)
  if (dtype !== 'f32' && shape.length === 1 && shape[0] === batch) return lengths
  throw shapeError(`scan: lengths must be integers [${batch}], not ${lengths.toString()}`)
}

/** @throws ShapeError where a step changes the shapes of the state */
function checkState(next: Tensors, state: Tensors): void {
  mapTensors(state, (before, name) => {
    const after = tensorIn(next, name)
    if (sameShape(after.shape, before.shape)) return after
    throw shapeError(`scan: the state is ${before.toString()} before a step and ${after.toString()} after it`)
  })
}

/** For each example by itself. */
function where(isLive: Tensor, x: Tensor, otherwise: Tensor | number): Tensor {
  return select(reshape(isLive, [isLive.size, ...x.shape.slice(1).map(() => 1)]), x, otherwise)
}

function startsAt(x: Tensor, step: number): number[] {
  return x.shape.map((_, axis) => (axis === 1 ? step : 0))
}

function blockOf(x: Tensor): number[] {
  return x.shape.map((extent, axis) => (axis === 1 ? 1 : extent))
}

function alongTime(steps: readonly Tensor[]): Tensor {
  return concat(
    steps.map((x) => reshape(x, [x.shape[0] ?? 1, 1, ...x.shape.slice(1)])),
    1,
  )
}

function isTensor(tensors: Tensors): tensors is Tensor {
  return tensors instanceof Tensor
}

/** Tensors of the same names, or one for one. @param map gets the name, '' of one */
function mapTensors<T extends Tensors>(tensors: T, map: (x: Tensor, name: string) => Tensor): T {
  const mapped = isTensor(tensors)
    ? map(tensors, '')
    : Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, map(x, name)]))
  // It has the names that `tensors` has, which the compiler does not follow.
  return mapped as T
}

function tensorIn(tensors: Tensors, name: string): Tensor {
  const tensor = isTensor(tensors) ? tensors : tensors[name]
  if (tensor === undefined) throw shapeError(`scan: what a cell makes lacks "${name}": each step has the same names`)
  return tensor
}
