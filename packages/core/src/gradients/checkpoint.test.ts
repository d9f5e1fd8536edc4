/** Gradients of checkpoints are those without, and compute again what they may not keep. */
import { describe, expect, test, vi } from 'vitest'
import {
  add,
  broadcastTo,
  checkpoint,
  constant,
  exp,
  grad,
  greaterEqual,
  matmul,
  mul,
  randomUniform,
  reshape,
  type Shape,
  slice,
  square,
  sum,
  tanh,
  type Tensor,
  zeros,
} from '../index.js'
import { evaluate, type Program, traceProgram } from '../engine/index.js'
import { sizeOf } from '../program/dtype.js'

type Function = (x: Tensor, weight: Tensor) => Tensor

/** The loss and the gradients of what a function of x and a weight makes, and the Program. */
function gradientsOf(build: Function) {
  const program = traceProgram((trace) => {
    const [x, weight] = [trace.state('x', [2, 3], zeros), trace.state('weight', [3, 3], zeros)]
    const loss = sum(build(x, weight))
    trace.result('loss', loss)
    grad(loss, [x, weight]).forEach((gradient, i) => trace.result(`by ${i}`, gradient))
  })
  const state = {
    x: Array.from({ length: 6 }, (_, i) => Math.sin(i + 1)),
    weight: Array.from({ length: 9 }, (_, i) => Math.cos(i + 1)),
  }
  return { program, results: evaluate(program, { state, seed: 3 }).results }
}

const count = ({ nodes }: Program, op: string) => nodes.filter((node) => node.op === op).length

/** Three layers, of which the first two are one checkpoint. */
function three(kept: (layers: Function) => Function): Function {
  const two = kept((x, weight) => tanh(matmul(exp(tanh(matmul(x, weight))), weight)))
  return (x, weight) => tanh(matmul(two(x, weight), weight))
}

test('of a checkpoint are the same, up to the order of sums', () => {
  const [plain, again] = [gradientsOf(three((layers) => layers)), gradientsOf(three(checkpoint))]
  expect(again.results.loss).toEqual(plain.results.loss)
  for (const name of ['by 0', 'by 1']) {
    again.results[name]?.forEach((value, i) => expect(value).toBeCloseTo(plain.results[name]?.[i] ?? NaN, 12))
  }
})

test('compute again what only the checkpoint reads, and keep what it returns', () => {
  const [plain, again] = [gradientsOf(three((layers) => layers)), gradientsOf(three(checkpoint))]
  expect(count(again.program, 'tanh') - count(plain.program, 'tanh')).toBe(1)
  expect(count(again.program, 'exp') - count(plain.program, 'exp')).toBe(1)
  // Three forward, by the first operand of each, and by the weight all in one; and one again.
  expect(count(plain.program, 'matmul')).toBe(3 + 3 + 1)
  expect(count(again.program, 'matmul')).toBe(3 + 3 + 1 + 1)
})

test('are the same of a checkpoint within another', () => {
  const nested = three((layers) => checkpoint((x, weight) => checkpoint(layers)(x, weight)))
  expect(gradientsOf(nested).program.hash).toBe(gradientsOf(three(checkpoint)).program.hash)
})

test('see the same random numbers once more', () => {
  const dropped = (x: Tensor): Tensor => mul(x, greaterEqual(randomUniform(x.shape, 'dropout'), 0.5))
  const build = (kept: (layers: Function) => Function): Function =>
    kept((x, weight) => tanh(dropped(tanh(matmul(x, weight)))))
  const [plain, again] = [gradientsOf(build((layers) => layers)), gradientsOf(build(checkpoint))]
  expect(count(again.program, 'random')).toBe(2)
  expect(again.results).toEqual(plain.results)
})

test('can be taken twice', () => {
  const second = (kept: (layers: Function) => Function): Function => {
    const cubed = kept((x) => mul(x, mul(x, tanh(x))))
    return (x, weight) => add(sum(grad(sum(cubed(x, weight)), [x])[0] ?? NaN), matmul(x, weight))
  }
  const [plain, again] = [gradientsOf(second((layers) => layers)), gradientsOf(second(checkpoint))]
  expect(again.program.nodes.length).toBeGreaterThan(plain.program.nodes.length)
  expect(again.results).toEqual(plain.results)
})

test('keep what the loss reads, and what is used outside', () => {
  const ending = (kept: (layers: Function) => Function) => kept((x, weight) => tanh(exp(matmul(x, weight))))
  expect(count(gradientsOf(ending(checkpoint)).program, 'tanh')).toBe(1)
  const withMiddle = (x: Tensor, weight: Tensor): Tensor => {
    const { middle, end } = checkpoint(() => {
      const middle = exp(matmul(x, weight))
      return { middle, end: tanh(tanh(middle)) }
    })()
    return mul(middle, end)
  }
  const { program } = gradientsOf(withMiddle)
  expect([count(program, 'exp'), count(program, 'tanh')]).toEqual([1, 3])
})

test('of a loss that is made within a checkpoint, at its very end, compute all of it again', () => {
  const program = traceProgram((trace) => {
    const x = trace.state('x', [3], zeros)
    const loss = checkpoint(() => sum(tanh(exp(mul(x, add(x, 1))))))()
    trace.result('gradient', grad(loss, [x])[0] ?? NaN)
  })
  // None is needed before.
  expect([count(program, 'tanh'), count(program, 'exp')]).toEqual([1, 1])
  const withLoss = traceProgram((trace) => {
    // The constant from which gradients begin is there already.
    const x = add(trace.state('x', [], zeros), 1)
    const loss = checkpoint(() => exp(tanh(x)))()
    trace.result('loss', loss)
    trace.result('gradient', grad(loss, [x])[0] ?? NaN)
  })
  expect([count(withLoss, 'tanh'), count(withLoss, 'exp')]).toEqual([2, 2])
})

test('that are what a checkpoint computes are computed again, too', () => {
  const program = traceProgram((trace) => {
    const [a, b] = [trace.state('a', [4, 2], zeros), trace.state('b', [2, 4], zeros)]
    const factor = trace.state('factor', [4, 4], zeros)
    const loss = sum(checkpoint(() => mul(factor, matmul(a, b)))())
    trace.result('loss', loss)
    trace.result('gradient', grad(loss, [factor])[0] ?? NaN)
  })
  expect(count(program, 'matmul')).toBe(2)
})

describe('of many checkpoints', () => {
  const [batch, features] = [2, 8]

  /** A recurrent network of `numParts` checkpoints of `time` steps each, and its gradients by weights, at least. */
  function chain(numParts: number, time: number, kept: typeof checkpoint, by: 'all' | 'weights' = 'all') {
    const xs: Shape = [batch, numParts * time, features]
    const program = traceProgram((trace) => {
      const sequence = trace.state('sequence', xs, zeros)
      const [w, u] = [trace.state('w', [features, features], zeros), trace.state('u', [features, features], zeros)]
      let state: Tensor = broadcastTo(constant(0), [batch, features])
      for (let part = 0; part < numParts; part++) {
        state = kept((before: Tensor) => {
          let now = before
          for (let step = part * time; step < (part + 1) * time; step++) {
            const x = reshape(slice(sequence, [0, step, 0], [batch, 1, features]), [batch, features])
            now = tanh(add(matmul(x, w), matmul(now, u)))
          }
          return now
        })(state)
      }
      const loss = sum(square(state))
      trace.result('loss', loss)
      grad(loss, by === 'all' ? [w, u, sequence] : [w, u]).forEach((gradient, i) => trace.result(`by ${i}`, gradient))
    })
    const values = (shape: Shape, scale: number) =>
      Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => scale * Math.sin(i * i + scale))
    const ofWeight = (scale: number) => values([features, features], scale)
    const state = { sequence: values(xs, 1), w: ofWeight(0.5), u: ofWeight(0.4) }
    return { program, results: evaluate(program, { state }).results }
  }

  test('are the same, up to the order of sums', () => {
    const [plain, again] = [chain(3, 3, (compute) => compute), chain(3, 3, checkpoint)]
    for (const [name, values] of Object.entries(plain.results)) {
      values.forEach((value, i) => expect(again.results[name]?.[i]).toBeCloseTo(value, 12))
    }
  })

  test('need memory for one of them at a time', () => {
    const most = (numParts: number) => mostAlive(chain(numParts, 3, checkpoint, 'weights').program)
    // Of each further one, its state is kept.
    expect(most(8) - most(4)).toBe(4 * batch * features)
  })

  test.each([
    // What a single step gives waits for another's, and for no more: both are added up then.
    { time: 1, stepsJoined: [2, 1, 1] },
    { time: 3, stepsJoined: [3, 3, 3, 3] },
  ])('of $time time steps join blocks of all, and products of $stepsJoined', ({ time, stepsJoined }) => {
    const { nodes } = chain(4, time, checkpoint).program
    const [sequence, joined, ...others] = nodes.filter(
      ({ shape }) => shape.join() === [batch, 4 * time, features].join(),
    )
    expect([sequence?.op, joined?.op, others]).toEqual(['input', 'concat', []])
    expect(joined?.inputs).toHaveLength(4 * time)
    const factors = nodes.flatMap(({ op, shape, inputs: [a] }) =>
      op === 'matmul' && shape.join() === [features, features].join() && a !== undefined
        ? (nodes[a]?.shape[0] ?? [])
        : [],
    )
    expect(factors).toEqual(stepsJoined.flatMap((steps) => [steps * batch, steps * batch]))
  })

  test('take time that is linear in their number', () => {
    /** How often differentiation looks at how a tensor is computed. */
    const looks = (numLayers: number) => {
      let count = NaN
      traceProgram((trace) => {
        const weights = Array.from({ length: numLayers }, (_, i) => trace.state(`w${i}`, [features, features], zeros))
        const layer = (weight: Tensor) => checkpoint((x: Tensor) => tanh(matmul(tanh(x), weight)))
        const x = weights.reduce((x, weight) => layer(weight)(x), trace.state('x', [batch, features], zeros))
        const loss = sum(x)
        const describe = vi.spyOn(trace, 'describe')
        grad(loss, weights)
        count = describe.mock.calls.length
      })
      return count
    }
    expect(looks(30) - looks(20)).toBe(looks(20) - looks(10))
  })

  test('join the products from the end of the network to the beginning of its last checkpoint', () => {
    const program = traceProgram((trace) => {
      const [x, w] = [trace.state('x', [batch, features], zeros), trace.state('w', [features, features], zeros)]
      const layers = (before: Tensor) => tanh(matmul(tanh(matmul(before, w)), w))
      const loss = sum(layers(checkpoint(layers)(x)))
      trace.result('gradient', grad(loss, [w])[0] ?? NaN)
    })
    const shapes = program.nodes.filter(({ op }) => op === 'matmul').map(({ shape }) => shape.join())
    expect(shapes.filter((shape) => shape === `${features},${features}`)).toHaveLength(1)
  })
})

/** The most elements of computed values that are still to be read, at any place of the Program. */
function mostAlive({ nodes, results }: Program): number {
  const lastUse = new Map<number, number>()
  nodes.forEach(({ inputs }, index) => {
    for (const input of inputs) lastUse.set(input, index)
  })
  for (const { node } of results) lastUse.set(node, nodes.length)
  let [alive, most] = [0, 0]
  const sizes = nodes.map(({ op, shape }) => (op === 'input' || op === 'constant' ? 0 : sizeOf(shape)))
  nodes.forEach(({ inputs }, index) => {
    alive += sizes[index] ?? NaN
    most = Math.max(most, alive)
    for (const input of new Set(inputs)) {
      if (lastUse.get(input) === index) alive -= sizes[input] ?? NaN
    }
  })
  return most
}
