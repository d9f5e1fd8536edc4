/**
 * How many workers share a step. Any number gives the same bits, so this is about time only:
 * workers meet twice a step, and read what others have written, which is slower for small networks
 * than to work alone.
 *
 * The time is predicted by the model of docs/scaling.md, which was fitted to steps on two cores and
 * predicts those to within 7 %:
 *
 *     t(W) = t(1) / W + (W − 1) · meetings + 2 (1 − 1/W) · (parameters + activations)
 *
 * t(1) is the floating-point operations at the rate of one AVX-512 core. On slower cores and in
 * WebAssembly a step takes longer, and sharing pays earlier than predicted.
 */
import { flopsOf, sizeOf, type BatchProgram, type Program } from '@gradpool/core/engine'

const MICROSECONDS_PER_OPERATION = 1e-5
/** Two meetings, for each worker but one. */
const MICROSECONDS_PER_WORKER = 2 * 1.9
/** Weights that another worker has updated. */
const MICROSECONDS_PER_PARAMETER = 0.27e-3
const MICROSECONDS_PER_ACTIVATION = 0.13e-3

/** @param most workers that there are, at least 1 */
export function fastestWorkers({ program, batchSize }: BatchProgram, most: number): number {
  const compute = flopsOf(program) * MICROSECONDS_PER_OPERATION
  const exchange =
    numParameters(program) * MICROSECONDS_PER_PARAMETER +
    numActivations(program, batchSize) * MICROSECONDS_PER_ACTIVATION
  const time = (workers: number) =>
    compute / workers + (workers - 1) * MICROSECONDS_PER_WORKER + 2 * (1 - 1 / workers) * exchange
  let fastest = 1
  for (let workers = 2; workers <= most; workers++) {
    if (time(workers) < time(fastest)) fastest = workers
  }
  return fastest
}

/** The optimizer's own states stay with the worker that updates them. */
function numParameters(program: Program): number {
  return program.states
    .filter(({ name }) => !name.startsWith('optimizer/'))
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}

/**
 * Outputs of products that have a row for each example: of layers, and gradients of their inputs.
 */
function numActivations({ nodes }: Program, batchSize: number): number {
  return nodes
    .filter(({ op, shape }) => op === 'matmul' && shape[0] === batchSize)
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}
