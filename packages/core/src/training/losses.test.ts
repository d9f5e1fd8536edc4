/** Several losses in one step, each of which trains the part of the model of its name. */
import { describe, expect, expectTypeOf, test } from 'vitest'
import { evaluation, train } from '../engine/index.js'
import { UserError } from '../errors.js'
import { add, mul, sub } from '../ops/elementwise.js'
import { mean, sum } from '../ops/reduction.js'
import { groups, sgd } from '../optimizers/index.js'
import { ones, zeros } from '../random/initializers.js'
import { evaluate } from '../reference/reference.js'
import { defineModel, type Batch, type MetricsOf } from './model.js'
import { frozen, parameter } from './module.js'

const data = { fields: { x: { dtype: 'f32', shape: [] } }, numExamples: 1 } as const

/** A game over a b: one player lowers it by a, the other raises it by b. */
const game = defineModel({
  params: { lower: { a: parameter([], ones) }, raise: { b: parameter([], ones) } },
  step({ lower: { a }, raise: { b } }, { x }: Batch<'x'>) {
    const value = mul(mul(a, b), mean(x))
    return { loss: { lower: value, raise: mul(-2, value) }, value: mean(x) }
  },
})

describe('several losses', () => {
  test('each has the gradient of its own parameters, all at the same weights', () => {
    const { program } = train(game, { optimizer: sgd(0.25), batchSize: 1, data })
    const { state, results } = evaluate(program, {
      state: { 'lower.a': [3], 'raise.b': [5] },
      batch: { x: [1] },
    })
    // a - 0.25 b, and b + 0.25 · 2 a with the a before the step.
    expect([state['lower.a']?.[0], state['raise.b']?.[0]]).toEqual([1.75, 6.5])
    expect(Object.fromEntries(Object.entries(results).map(([name, [value]]) => [name, value]))).toEqual({
      loss: -15,
      lower: 15,
      raise: -30,
      value: 1,
    })
  })

  test('are metrics, the less the better', () => {
    expectTypeOf<MetricsOf<typeof game>>().toEqualTypeOf<{
      readonly loss: number
      readonly lower: number
      readonly raise: number
      readonly value: number
    }>()
    const { metrics } = evaluation(game, { batchSize: 1, data })
    expect(metrics.map(({ name, direction }) => [name, direction])).toEqual([
      ['loss', 'min'],
      ['lower', 'min'],
      ['raise', 'min'],
      ['value', undefined],
    ])
  })

  test('each may have an optimizer of its own, by the same name', () => {
    const optimizer = groups({ lower: sgd(1), raise: sgd(0.5) })
    const { state } = evaluate(train(game, { optimizer, batchSize: 1, data }).program, { batch: { x: [1] } })
    expect([state['lower.a']?.[0], state['raise.b']?.[0]]).toEqual([0, 2])
  })

  test('a part that is frozen keeps its weights', () => {
    const { program } = train(game, { optimizer: groups({ lower: frozen(), raise: sgd(1) }), batchSize: 1, data })
    expect(program.updates.map(({ name }) => name)).toEqual(['raise.b'])
  })

  const scale = { scale: parameter([], zeros) }
  const parts = { one: scale, other: scale }
  test.each([
    [
      () => defineModel({ params: parts, step: ({ one }, _: Batch<'x'>) => ({ loss: { one: sum(one.scale) } }) }),
      'no loss trains the parameter "other.scale": there are one; give one for other, or freeze it',
    ],
    [
      () =>
        defineModel({
          params: parts,
          step: ({ one }, { x }: Batch<'x'>) => ({ loss: { one: add(one.scale, x), other: sum(one.scale) } }),
        }),
      'the loss "one" must be one f32 number, not f32[1]; take its mean',
    ],
    [
      () =>
        defineModel({
          params: parts,
          step: ({ one }, _: Batch<'x'>) => ({ loss: { one: one.scale, other: one.scale }, one: one.scale }),
        }),
      '"one" is the name of a loss and of a metric, which rows of the history tell apart by name',
    ],
    [
      () => defineModel({ params: parts, step: (_, __: Batch<'x'>) => ({ loss: {} }) }),
      'a step must return { loss }, and there is none in it',
    ],
    [
      () => defineModel({ params: parts, step: (_, __: Batch<'x'>) => ({ loss: { one: 1 as never } }) }),
      'the loss "one" must be one f32 number, not number',
    ],
  ])('says what is wrong (%#)', (modelOf, sentence) => {
    const build = () => train(modelOf(), { optimizer: sgd(), batchSize: 1, data })
    expect(build).toThrow(UserError)
    expect(build).toThrow(sentence)
  })

  test('the compiler refuses a loss that is named after no part', () => {
    defineModel({
      params: parts,
      // @ts-expect-error There is no part of that name.
      step: ({ one }, _: Batch<'x'>) => ({ loss: { one: one.scale, othr: sub(one.scale, 1) } }),
    })
  })
})
