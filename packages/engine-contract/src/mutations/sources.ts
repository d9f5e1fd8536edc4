/** Programs to mutate: one for each op, random ones, and a training. */
import { traceProgram } from '@gradpool/core/engine'
import fc from 'fast-check'
import { training } from '../network.js'
import { choices, fieldsOf, OP_CASES, randomGraph, randomTraining } from '../programs.js'
import type { MutationSource } from './cases.js'

const NUM_RANDOM = 40

export function contractSources(): MutationSource[] {
  const ops = Object.entries(OP_CASES).map(([name, build]) => {
    return { name, program: traceProgram((trace) => trace.result('value', build(fieldsOf(trace)))) }
  })
  const forward = fc.sample(choices, { numRuns: NUM_RANDOM, seed: 1 }).map((graph, index) => {
    const program = traceProgram((trace) => {
      const roots = [trace.batch('x', 'f32', [5, 5]), trace.batch('y', 'f32', [5, 5])]
      for (const [at, tensor] of randomGraph(roots, graph).slice(-3).entries()) trace.result(`r${at}`, tensor)
    })
    return { name: `random ${index}`, program }
  })
  const trainings = fc.sample(choices, { numRuns: NUM_RANDOM, seed: 2 }).map((graph, index) => {
    return { name: `random training ${index}`, program: traceProgram(randomTraining(1 + (index % 7), graph)) }
  })
  return [...ops, ...forward, ...trainings, { name: 'a classifier', program: training.program, tail: training.tail }]
}
