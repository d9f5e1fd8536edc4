/**
 * Random numbers within a Program.
 *
 * They are a pure function of the run's seed, the step, the element, and a purpose: a name for what they are used for.
 * So neither the order of execution nor the number of workers changes them, and different purposes are independent. A
 * purpose that a Program uses again gets a number, in the order of tracing: `dropout`, `dropout#2`, `dropout#3`. Give
 * purposes of your own where inserting one use must not change the numbers of the later ones.
 */
import type { Shape } from '../program/dtype.js'
import type { Tensor } from '../tracing/tensor.js'
import { currentTrace } from '../tracing/trace.js'

/** Uniform in [0, 1), a multiple of 2^-24; new numbers each step. @throws UserError where two purposes collide */
export const randomUniform = random('uniform')

/** Normal with mean 0 and standard deviation 1; new numbers each step. @throws UserError where two purposes collide */
export const randomNormal = random('normal')

function random(distribution: 'uniform' | 'normal') {
  return (shape: Shape, purpose: string): Tensor => {
    const trace = currentTrace()
    let name = purpose
    for (let use = 2; trace.hasPurpose(name); use++) name = `${purpose}#${use}`
    const inputs = [trace.seed(), trace.step()]
    const attributes = { distribution, purpose: trace.claimPurpose(name) }
    return trace.node({ op: 'random', inputs, attributes, shape })
  }
}
