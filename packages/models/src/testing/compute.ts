/** Runs a function of tensors once, by the reference evaluator. */
import { type DType, grad, sum, type Tensor, zeros } from '@gradpool/core'
import { evaluate, traceProgram } from '@gradpool/core/engine'

export interface Operand {
  readonly shape: readonly number[]
  readonly values: readonly number[]
  /** Default: f32. */
  readonly dtype?: DType
}

/** The values of `build` of these operands. */
export function compute(operands: readonly Operand[], build: (...tensors: readonly Tensor[]) => Tensor): number[] {
  return run(operands, (tensors) => [build(...tensors)])[0] ?? []
}

/** The gradients of the sum of `build` with respect to the first `numGradients` operands. */
export function gradients(
  operands: readonly Operand[],
  build: (...tensors: readonly Tensor[]) => Tensor,
  numGradients = 1,
): number[][] {
  return run(operands, (tensors) => grad(sum(build(...tensors)), tensors.slice(0, numGradients)))
}

function run(operands: readonly Operand[], build: (tensors: readonly Tensor[]) => readonly Tensor[]): number[][] {
  const program = traceProgram((trace) => {
    const tensors = operands.map(({ shape, dtype = 'f32' }, index) =>
      dtype === 'f32' ? trace.state(`x${index}`, shape, zeros) : trace.batch(`x${index}`, dtype, shape),
    )
    build(tensors).forEach((tensor, index) => trace.result(`y${index}`, tensor))
  })
  const values = Object.fromEntries(operands.map((operand, i) => [`x${i}`, operand.values]))
  const { results } = evaluate(program, { state: values, batch: values })
  return program.results.map(({ name }) => [...(results[name] ?? [])])
}
