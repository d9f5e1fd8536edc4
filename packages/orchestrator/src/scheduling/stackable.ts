/**
 * Which stages are trained as a stack: those for which that is faster, by what was measured (docs/decisions/0008). It
 * decides about time only, never about bits.
 */
import { sizeOf, Stack, type Engine, type Program } from '@gradpool/core'
import type { Pass, StagePlan } from '@gradpool/experiments'
import { mostThreads } from '../training/compile-training.js'
import type { StageNode } from './stage-graph.js'

/** A layer on the batch that has as many columns fills vectors by itself. */
const WIDE = 16

/** Of the states of a stack; more do not stay in the second-level cache. */
const MOST_BYTES = 2 ** 21

/**
 * The stages to start in one place: `next`, and those of the others that are ready and alike, where there are more than places.
 *
 * @param free places where stages can start, at least 1
 */
export function stackWith(
  next: StageNode,
  ready: ReadonlySet<StageNode>,
  free: number,
  { numerics }: Pick<Engine, 'numerics'>,
): readonly StageNode[] {
  // Only of the exact engines is it known that a stack has the bits of each alone.
  if (numerics !== 'exact' || ready.size <= free || !paysFor(next.plan)) return [next]
  const size = Math.min(
    Math.ceil(ready.size / free),
    Math.floor(MOST_BYTES / stateBytes(next.plan.training.program.program)),
  )
  if (size < 2) return [next]
  const stack = [next]
  for (const node of ready) {
    if (stack.length >= size) break
    if (node !== next && areAlike(node.plan, next.plan)) stack.push(node)
  }
  return stack
}

function paysFor(plan: StagePlan): boolean {
  return mostThreads(plan) === 1 && firstWidth(plan.training.program.program) < WIDE
}

/** Whether two stages see the same batches, and their programs are equal but for one number at most: the learning rate. */
function areAlike(a: StagePlan, b: StagePlan): boolean {
  return (
    orderOf(a) === orderOf(b) &&
    Stack.numDiffering(a.training.program, b.training.program) <= 1 &&
    (a.validation === undefined || b.validation === undefined
      ? a.validation === b.validation
      : Stack.numDiffering(a.validation.program, b.validation.program) === 0) &&
    seeTheSame(a, b)
  )
}

function orderOf({ training, seed, orderSeed = seed }: StagePlan): number | undefined {
  return training.program.shuffle ? orderSeed >>> 0 : undefined
}

function seeTheSame(a: StagePlan, b: StagePlan): boolean {
  return isSame(a.training, b.training) && isSame(a.validation, b.validation)
}

function isSame(a: Pass | undefined, b: Pass | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const { fields } = a.data
  return (
    Object.entries(fields).every(([name, { values }]) => b.data.fields[name]?.values === values) &&
    a.data.rows.every((row, i) => row === b.data.rows[i])
  )
}

/** Columns of the widest product of what only the batch has a part in with what a state has; infinite where there is none. */
function firstWidth(program: Program): number {
  const states = new Set(
    program.inputs.filter(({ role }) => role === 'state').map(({ node }) => node),
  )
  const dependent = new Set<number>()
  const widths: number[] = []
  for (const [index, { op, inputs, shape }] of program.nodes.entries()) {
    const isOwn = inputs.map((input) => dependent.has(input))
    if (states.has(index) || isOwn.includes(true)) dependent.add(index)
    if (op === 'matmul' && isOwn[0] === false && isOwn[1] === true) widths.push(shape.at(-1) ?? 1)
  }
  return widths.length > 0 ? Math.max(...widths) : Infinity
}

function stateBytes(program: Program): number {
  const states = program.inputs.filter(({ role }) => role === 'state')
  return states.reduce((sum, { node }) => sum + 4 * sizeOf(program.node(node).shape), 0)
}
