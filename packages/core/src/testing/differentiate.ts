/**
 * An example of an op as Programs of its value, its gradients and its second derivatives.
 *
 * Its f32 operands are states, x0, x1, …; a batch field, `weights`, makes a scalar loss of the value.
 */
import { sizeOf } from '../program/dtype.js'
import { add, mul, square, sum } from '../index.js'
import { grad } from '../gradients/gradients.js'
import type { Program } from '../program/program.js'
import { evaluate } from '../reference/reference.js'
import type { Tensor } from '../tracing/tensor.js'
import { type Trace, traceProgram } from '../tracing/trace.js'
import { distinctValues, type Example } from './examples.js'

/** Half the distance between the two points of a central difference; right for float64. */
const STEP = 1e-5

/** Values of tensors by name. */
export type Named = Readonly<Record<string, readonly number[]>>

/** A Program with result `value`. */
export function valueProgram(example: Example): Program {
  return traceProgram((trace) => trace.result('value', example.ours(...operandsIn(trace, example))))
}

/**
 * A Program with result `loss`, the weighted sum of the value, and the gradients by the f32 operands: `x0`, `x1`, ….
 */
export function gradientProgram(example: Example): Program {
  return traceProgram((trace) => {
    const operands = operandsIn(trace, example)
    const value = example.ours(...operands)
    const loss = sum(mul(value, trace.batch('weights', 'f32', value.shape)))
    trace.result('loss', loss)
    tellGradients(trace, '', loss, operands)
  })
}

/**
 * A Program of first and second derivatives of the weighted sum of the value's square, which is curved even where the
 * op is linear: gradients `x0`, … and their derivatives along a direction, `along x0`, ….
 */
export function secondOrderProgram(example: Example): Program {
  return traceProgram((trace) => {
    const operands = operandsIn(trace, example)
    const value = example.ours(...operands)
    const loss = sum(mul(square(value), trace.batch('weights', 'f32', value.shape)))
    const gradients = tellGradients(trace, '', loss, operands)
    const slopes = gradients.map(({ name, gradient }) =>
      sum(mul(gradient, trace.batch(`direction ${name}`, 'f32', gradient.shape))),
    )
    tellGradients(
      trace,
      'along ',
      slopes.reduce((a, b) => add(a, b)),
      operands,
    )
  })
}

/** The results of a Program at an example's values, moved by `offset` times the direction. */
export function resultsAt(program: Program, example: Example, offset = 0): Named {
  const state: Record<string, number[]> = {}
  const batch: Record<string, readonly number[]> = {}
  example.operands.forEach(({ values, dtype, shape }, position) => {
    const name = `x${position}`
    const direction = distinctValues(sizeOf(shape), position + 7)
    batch[`direction ${name}`] = direction
    if (dtype === 'f32') state[name] = values.map((x, i) => x + offset * (direction[i] ?? 0))
    else batch[name] = values
  })
  return evaluated(program, state, batch)
}

/** The gradients of result `loss` by central differences, by name. */
export function centralDifferences(program: Program, example: Example): Named {
  const gradients: Record<string, number[]> = {}
  const state = Object.fromEntries(example.operands.map(({ values }, position) => [`x${position}`, [...values]]))
  const lossAt = () => evaluated(program, state, integersOf(example)).loss?.[0] ?? NaN
  example.operands.forEach(({ dtype, values }, position) => {
    if (dtype !== 'f32') return
    const name = `x${position}`
    gradients[name] = values.map((x, i) => {
      state[name] = values.with(i, x + STEP)
      const above = lossAt()
      state[name] = values.with(i, x - STEP)
      const below = lossAt()
      state[name] = [...values]
      return (above - below) / (2 * STEP)
    })
  })
  return gradients
}

/** How the gradients change along the direction, by central differences: `along x0`, …. */
export function gradientDifferences(program: Program, example: Example): Named {
  const above = resultsAt(program, example, STEP)
  const below = resultsAt(program, example, -STEP)
  return Object.fromEntries(
    Object.entries(above)
      .filter(([name]) => name.startsWith('x'))
      .map(([name, values]) => [
        `along ${name}`,
        values.map((value, i) => (value - (below[name]?.[i] ?? NaN)) / (2 * STEP)),
      ]),
  )
}

/** The weights that `gradientProgram` sums a value with. */
export function lossWeights(program: Program): number[] {
  const node = program.inputs.find(({ name }) => name === 'weights')?.node
  return node === undefined ? [] : distinctValues(sizeOf(program.node(node).shape), 3)
}

function evaluated(program: Program, state: Named, batch: Named): Named {
  const weights = lossWeights(program)
  const { results } = evaluate(program, { state, batch: { ...batch, weights } })
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, [...values]]))
}

function operandsIn(trace: Trace, { operands }: Example): Tensor[] {
  return operands.map(({ shape, dtype }, position) =>
    dtype === 'f32'
      ? trace.state(`x${position}`, shape, { kind: 'constant', value: 0 })
      : trace.batch(`x${position}`, dtype, shape),
  )
}

function integersOf({ operands }: Example): Named {
  return Object.fromEntries(
    operands.flatMap(({ dtype, values }, position) => (dtype === 'f32' ? [] : [[`x${position}`, values]])),
  )
}

function tellGradients(trace: Trace, prefix: string, loss: Tensor, operands: readonly Tensor[]) {
  const named = operands
    .map((operand, position) => ({ name: `x${position}`, operand }))
    .filter(({ operand }) => operand.dtype === 'f32')
  const gradients = grad(
    loss,
    named.map(({ operand }) => operand),
  )
  return gradients.map((gradient, i) => {
    const name = named[i]?.name ?? ''
    trace.result(`${prefix}${name}`, gradient)
    return { name, gradient }
  })
}
