/**
 * Averaging of weights: replicas of one training, each on its own part of the examples, whose states are averaged from
 * time to time (local SGD, Stich 2019; federated averaging, McMahan et al. 2017).
 *
 * Averaging is itself made of Programs, so any engine does it: the model has all states, its own and those of every
 * replica, and the others share them by name.
 */
import type { Program } from '../program/program.js'
import { renameStates } from '../program/rewrite.js'
import { add, mul, sub } from '../ops/elementwise.js'
import type { Tensor } from '../tracing/tensor.js'
import { traceProgram } from '../tracing/trace.js'
import type { BatchProgram } from '../training/batch-program.js'

export interface Replica {
  /** Trains the replica: the states that change are named `replica 2/weight` here, all others as in the model. */
  readonly training: BatchProgram
  /** One step of it gives the replica the states of the model. */
  readonly take: BatchProgram
}

export interface Averaging {
  readonly replicas: readonly Replica[]
  /**
   * One step of it gives the model the mean of the replicas' states, those of the optimizer included, each replica
   * weighted by its number of examples. Its states are those of a training, and the replicas' own.
   */
  readonly model: BatchProgram
}

/** @param trainings of one model, on different examples: of the same states, in the order of the sum. At least one. */
export function averaging(trainings: readonly BatchProgram[]): Averaging {
  return {
    replicas: trainings.map((training, replica) => ({
      training: renamed(training, replica),
      take: alone(takeProgram(training.program, replica)),
    })),
    model: alone(meanProgram(trainings)),
  }
}

/**
 * The mean m of the states xₖ of replicas of nₖ examples, in order: m ← m + (xₖ − m) · nₖ / (n₀ + … + nₖ). Where all
 * replicas agree, it is what they agree on, to the bit (West 1979, Updating mean and variance estimates).
 */
function meanProgram(trainings: readonly BatchProgram[]): Program {
  const [first] = trainings
  return traceProgram((trace) => {
    if (first === undefined) return
    const { program } = first
    for (const { name, shape, initializer } of program.states) {
      trace.state(name, shape, initializer)
    }
    for (const { name, node } of program.updates) {
      const { shape } = program.node(node)
      let mean: Tensor | undefined
      let total = 0
      for (const [replica, { numExamples }] of trainings.entries()) {
        total += numExamples
        const own = trace.state(ownName(replica, name), shape, NOTHING)
        mean = mean === undefined ? own : add(mean, mul(sub(own, mean), numExamples / total))
      }
      if (mean !== undefined) trace.update(name, mean)
    }
  })
}

function takeProgram(program: Program, replica: number): Program {
  return traceProgram((trace) => {
    for (const { name, node } of program.updates) {
      const { shape } = program.node(node)
      trace.state(ownName(replica, name), shape, NOTHING)
      trace.update(ownName(replica, name), trace.state(name, shape, NOTHING))
    }
  })
}

function renamed(training: BatchProgram, replica: number): BatchProgram {
  const { program, tail } = training
  return {
    ...training,
    program: withOwnStates(program, replica),
    ...(tail && { tail: withOwnStates(tail, replica) }),
  }
}

function withOwnStates(program: Program, replica: number): Program {
  const changing = new Set(program.updates.map(({ name }) => name))
  return renameStates(program, (name) => (changing.has(name) ? ownName(replica, name) : name))
}

/** A program that reads no examples. */
function alone(program: Program): BatchProgram {
  return { batchSize: 1, numExamples: 1, shuffle: false, program, metrics: [] }
}

function ownName(replica: number, name: string): string {
  return `replica ${replica}/${name}`
}

/** The states of a replica have no first values: each round begins with those of the model. */
const NOTHING = { kind: 'constant', value: 0 } as const
