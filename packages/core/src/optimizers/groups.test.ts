/** Groups of parameters: which optimizer each gets, and what is said where one gets none. */
import { describe, expect, test } from 'vitest'
import { parseOptimizer, type Program, train } from '../engine/index.js'
import { FieldError, UserError } from '../errors.js'
import { mul, sub } from '../ops/elementwise.js'
import { sum } from '../ops/reduction.js'
import { evaluate } from '../reference/reference.js'
import { defineModel, type Batch } from '../training/model.js'
import { frozen, parameter } from '../training/module.js'
import { cosine } from '../training/schedules.js'
import { matchesPath } from './groups.js'
import {
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  groups,
  sgd,
  updateRule,
  type Clip,
  type Optimizer,
} from './index.js'

const one = { weight: parameter([2], 'heNormal'), bias: parameter([2], 'heNormal') }
/** Of losses whose gradients are the batch, so that each parameter's is `g`. */
const model = defineModel({
  params: { encoder: { first: one }, head: one },
  step({ encoder: { first }, head }, { g }: Batch<'g'>) {
    const [a, b, c, d] = [first.weight, first.bias, head.weight, head.bias].map((w) => sum(mul(w, g)))
    return { loss: sum(sub(a ?? 0, mul(-1, sub(b ?? 0, mul(-1, sub(c ?? 0, mul(-1, d ?? 0))))))) }
  },
})
const paths = ['encoder.first.weight', 'encoder.first.bias', 'head.weight', 'head.bias'] as const
const data = { fields: { g: { dtype: 'f32', shape: [2] } }, numExamples: 1 } as const

function programOf(optimizer: Optimizer, more: { readonly clip?: Clip; readonly totalSteps?: number } = {}): Program {
  return train(model, { optimizer, ...more, batchSize: 1, data }).program
}

const ones = Object.fromEntries(paths.map((path) => [path, [1, 1]]))

/** The parameters after a step from 1. */
function afterStep(optimizer: Optimizer, g: readonly number[], clip?: Clip): (readonly number[])[] {
  const { state } = evaluate(programOf(optimizer, clip && { clip }), { state: ones, batch: { g } })
  return paths.map((path) => [...(state[path] ?? [])])
}

test('patterns name parts of a model, and * any characters', () => {
  const matches = (pattern: string) =>
    ['encoder.first.bias', 'encoders.bias', 'bias'].map((p) => matchesPath(pattern, p))
  expect(matches('*')).toEqual([true, true, true])
  expect(matches('*.bias')).toEqual([true, true, false])
  expect(matches('bias')).toEqual([false, false, true])
  expect(matches('encoder')).toEqual([true, false, false])
  expect(matches('encoder.*')).toEqual([true, false, false])
  expect(matches('encoder.first')).toEqual([true, false, false])
  expect(matches('enc*.bias')).toEqual([true, true, false])
  expect(matches('encoder.fir')).toEqual([false, false, false])
  expect(matches('encoder?first.bias')).toEqual([false, false, false])
})

describe('groups', () => {
  test('the first pattern that matches counts', () => {
    const optimizer = groups({ '*.bias': sgd(0.5), encoder: sgd(0.25), '*': sgd(0.125) })
    expect(afterStep(optimizer, [1, -1])).toEqual([
      [0.75, 1.25],
      [0.5, 1.5],
      [0.875, 1.125],
      [0.5, 1.5],
    ])
  })

  test('each keeps what its own optimizer keeps, and shares it in the group', () => {
    const { states } = programOf(groups({ '*.bias': adam(), encoder: sgd({ momentum: 0.5 }), '*': adamw() }))
    const names = states.map(({ name }) => name).filter((name) => name.startsWith('optimizer/'))
    expect(names.sort()).toEqual(
      [
        ...['m', 'v'].flatMap((slot) => ['encoder.first.bias', 'head.bias', 'head.weight'].map((p) => `${slot}/${p}`)),
        'momentum/encoder.first.weight',
        ...['correction1', 'correction2'].flatMap((name) => [`${name}/*`, `${name}/*.bias`]),
      ]
        .map((name) => `optimizer/${name}`)
        .sort(),
    )
  })

  test('one for all is that optimizer, to the bit', () => {
    const single = programOf(adam(0.01))
    const grouped = programOf(groups({ '*': adam(0.01) }))
    expect(grouped.nodes).toEqual(single.nodes)
  })

  test('frozen parameters have no gradient and nothing is kept', () => {
    const program = programOf(groups({ encoder: frozen(), '*': adam() }))
    expect(program.updates.map(({ name }) => name).filter((name) => name.includes('encoder'))).toEqual([])
    expect(afterStep(groups({ '*.weight': frozen(), '*': sgd(0.5) }), [1, 1])).toEqual([
      [1, 1],
      [0.5, 0.5],
      [1, 1],
      [0.5, 0.5],
    ])
    expect(() => programOf(groups({ '*': frozen() }))).toThrow('this model has no parameter to train')
  })

  test('schedules are each group’s own, and end with the training', () => {
    const optimizer = (totalSteps?: number) =>
      groups({ '*.bias': sgd(cosine({ learningRate: 1, ...(totalSteps && { totalSteps }) })), '*': sgd(1) })
    expect(programOf(optimizer(), { totalSteps: 7 }).hash).toBe(programOf(optimizer(7)).hash)
    expect(() => programOf(optimizer())).toThrow('the cosine schedule has no totalSteps')
  })

  test('clips bound the gradients of their group; that of train bounds all together, in their place', () => {
    const optimizer = groups({ '*.bias': sgd({ learningRate: 1, clip: clipByValue(0.25) }), '*': sgd(1) })
    expect(afterStep(optimizer, [1, 1])[1]).toEqual([0.75, 0.75])
    expect(afterStep(optimizer, [1, 1])[0]).toEqual([0, 0])
    // Eight gradients of 2: their norm is √32.
    for (const after of afterStep(optimizer, [2, 2], clipByGlobalNorm(Math.sqrt(8)))) {
      for (const weight of after) expect(weight).toBeCloseTo(0, 6)
    }
  })

  test('a rule of one’s own may train a group', () => {
    const rule = updateRule({
      slots: [],
      shared: ['count'],
      update: ({ shared, parameters }) => ({
        shared: { count: sub(shared.count, -1) },
        parameters: parameters.map(({ weight, gradient }) => ({ weight: sub(weight, mul(3, gradient)), slots: {} })),
      }),
    })
    const optimizer = groups({ '*.bias': rule, '*': sgd(1) })
    expect(afterStep(optimizer, [1, 0])).toEqual([
      [0, 1],
      [-2, 1],
      [0, 1],
      [-2, 1],
    ])
    expect(programOf(optimizer).states.map(({ name }) => name)).toContain('optimizer/count/*.bias')
  })

  test.each([
    [
      groups({ '*.bias': adam() }),
      `groups: no pattern matches the parameter "encoder.first.weight"; add one, or '*': frozen()`,
    ],
    [
      groups({ '*.kernel': adam(), '*': adam() }),
      `groups: the pattern '*.kernel' matches no parameter that is trained; there are ${paths.join(', ')}`,
    ],
    [
      groups({ '*': adam(), '*.bias': sgd() }),
      `groups: the pattern '*.bias' comes too late: its parameters are in groups before it, as '*'`,
    ],
  ])('says what does not fit the model (%#)', (optimizer, sentence) => {
    expect(() => programOf(optimizer)).toThrow(new UserError(sentence))
  })

  test('are plain JSON, read from data of any origin', () => {
    const optimizer = groups({ '*.bias': adamw({ weightDecay: 0 }), head: frozen(), '*': adamw(cosine(0.1)) })
    expect(JSON.parse(JSON.stringify(optimizer))).toEqual(optimizer)
    const data = { kind: 'groups', groups: { '*.bias': { kind: 'adamw', weightDecay: 0 }, head: { kind: 'frozen' } } }
    expect(parseOptimizer(data)).toEqual(groups({ '*.bias': adamw({ weightDecay: 0 }), head: frozen() }))
    expect(Object.isFrozen(optimizer) && Object.isFrozen(optimizer.groups)).toBe(true)
  })

  test.each([
    [{ kind: 'groups' }, 'groups', "must be an object of optimizers by pattern, as { '*': adam() }"],
    [{ kind: 'groups', groups: {} }, 'groups', "must be an object of optimizers by pattern, as { '*': adam() }"],
    [{ kind: 'groups', groups: { '': adam() } }, 'groups[""]', "is no pattern; '*' matches all"],
    [{ kind: 'groups', groups: { '*': 0.1 } }, 'groups["*"]', 'must be an object, as adam() gives'],
    [
      { kind: 'groups', groups: { '*': { kind: 'sgd', lr: 1 } } },
      'groups["*"]',
      "has no field 'lr'; its fields are learningRate, momentum, nesterov, weightDecay, clip",
    ],
    [
      { kind: 'groups', groups: { '*': { kind: 'adam', beta1: 2 } } },
      'groups["*"].beta1',
      'must be a number of at least 0 and below 1, not 2',
    ],
    [{ kind: 'groups', clip: 1, groups: { '*': adam() } }, '', "has no field 'clip'; its fields are kind, groups"],
  ])('say which field is wrong (%#)', (data, field, problem) => {
    const thrown = (() => {
      try {
        return parseOptimizer(data)
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(FieldError)
    expect(thrown).toMatchObject({ field, problem })
  })

  test('say so in a sentence where they are made in code', () => {
    expect(() => groups({ '*': { kind: 'adm' } as never })).toThrow(
      `groups["*"].kind must be 'sgd', 'adam', 'adamw', 'nadam', 'rmsprop', 'adagrad', 'lion', 'muon' or 'frozen', not 'adm'`,
    )
    expect(() => groups({})).toThrow("groups must be an object of optimizers by pattern, as { '*': adam() }")
  })
})
