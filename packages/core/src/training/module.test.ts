import { describe, expect, expectTypeOf, test } from 'vitest'
import { normal, ones, zeros } from '../random/initializers.js'
import { assign, Binding, buffer, frozen, isTraining, module, parameter } from './module.js'
import { add, mul } from '../ops/elementwise.js'
import { matmul } from '../ops/product.js'
import type { Program } from '../program/program.js'
import type { Tensor } from '../tracing/tensor.js'
import { traceProgram } from '../tracing/trace.js'

/** A layer as the models package makes them. */
function affine(numInputs: number, numOutputs: number) {
  return module(
    {
      weight: parameter([numInputs, numOutputs], 'heNormal'),
      bias: parameter([numOutputs], zeros),
    },
    ({ weight, bias }) =>
      (x: Tensor) =>
        add(matmul(x, weight), bias),
  )
}

function statesOf(program: Program): string[] {
  return program.states.map(({ name }) => name)
}

describe('binding', () => {
  test('names each state by its path, in the order of the tree', () => {
    const params = {
      encoder: [affine(4, 3), affine(3, 2)],
      head: { output: affine(2, 1) },
      temperature: parameter([], ones),
    }
    const program = traceProgram((trace) => {
      const bound = new Binding(trace, true).bind(params)
      expectTypeOf(bound.temperature).toEqualTypeOf<Tensor>()
      expectTypeOf(bound.head.output).toEqualTypeOf<(x: Tensor) => Tensor>()
      expectTypeOf(bound.encoder).items.toEqualTypeOf<(x: Tensor) => Tensor>()
      expect(bound.temperature.shape).toEqual([])
      const x = trace.batch('x', 'f32', [5, 4])
      const code = bound.encoder.reduce((value, layer) => layer(value), x)
      expect(bound.head.output(code).shape).toEqual([5, 1])
    })
    expect(statesOf(program)).toEqual([
      'encoder.0.weight',
      'encoder.0.bias',
      'encoder.1.weight',
      'encoder.1.bias',
      'head.output.weight',
      'head.output.bias',
      'temperature',
    ])
  })

  test('a module used twice is two sets of parameters', () => {
    const layer = affine(2, 2)
    const program = traceProgram((trace) => {
      new Binding(trace, true).bind({ a: layer, b: layer })
    })
    expect(statesOf(program)).toEqual(['a.weight', 'a.bias', 'b.weight', 'b.bias'])
  })

  test('a module knows its place and whether it is trained', () => {
    const places: string[] = []
    const spy = module({}, (_, { path, training }) => {
      places.push(`${path} ${training ? 'trained' : 'still'}`)
    })
    traceProgram((trace) => {
      new Binding(trace, true).bind({ a: [spy, spy], b: frozen({ c: spy }) })
    })
    traceProgram((trace) => {
      new Binding(trace, false).bind(spy)
    })
    expect(places).toEqual(['a.0 trained', 'a.1 trained', 'b.c still', ' still'])
  })

  test.each(['', 'a.b', 'a/b', 'a b'])('refuses the name "%s"', (name) => {
    const build = () =>
      traceProgram((trace) => {
        new Binding(trace, true).bind({ [name]: parameter([1], zeros) })
      })
    expect(build).toThrow(`a parameter cannot be named "${name}"`)
  })
})

describe('frozen', () => {
  test('parts are states with the same names, not trained', () => {
    traceProgram((trace) => {
      const binding = new Binding(trace, true)
      const bound = binding.bind({ encoder: frozen(affine(2, 2)), head: affine(2, 1) })
      expectTypeOf(bound.encoder).toEqualTypeOf<(x: Tensor) => Tensor>()
      expect(binding.trainable.map(({ name }) => name)).toEqual(['head.weight', 'head.bias'])
      expect(statesOf(trace.finish())).toEqual(['encoder.weight', 'encoder.bias', 'head.weight', 'head.bias'])
    })
  })

  test('buffers keep their values', () => {
    const counter = module({ count: buffer([], zeros) }, ({ count }) => () => {
      assign(count, add(count, 1))
    })
    const program = traceProgram((trace) => {
      const bound = new Binding(trace, true).bind({ still: frozen(counter), live: counter })
      bound.still()
      bound.live()
    })
    expect(program.updates.map(({ name }) => name)).toEqual(['live.count'])
  })
})

describe('assign', () => {
  test('does nothing in evaluation', () => {
    const program = traceProgram((trace) => {
      const count = new Binding(trace, false).bind(buffer([], zeros))
      assign(count, add(count, 1))
    })
    expect(program.updates).toEqual([])
  })

  test('refuses what is not a buffer, and a second value', () => {
    traceProgram((trace) => {
      const bound = new Binding(trace, true).bind({
        weight: parameter([2], normal(1)),
        count: buffer([], zeros),
      })
      expect(() => assign(bound.weight, 1)).toThrow('is not a buffer of this model')
      expect(() => assign(mul(bound.count, 2), 1)).toThrow('is not a buffer of this model')
      assign(bound.count, 1)
      expect(() => assign(bound.count, 2)).toThrow('updated twice')
    })
  })
})

test('isTraining tells training from evaluation, and asks for a model', () => {
  for (const training of [true, false]) {
    traceProgram((trace) => {
      new Binding(trace, training).bind({})
      expect(isTraining()).toBe(training)
    })
  }
  expect(() => traceProgram(() => void isTraining())).toThrow('no model is bound in this trace')
})
