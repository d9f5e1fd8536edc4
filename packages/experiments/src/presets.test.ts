import { adam, adamw, groups, updateRule, type Groups } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { classify } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { defineExperiment } from './define-experiment.js'
import { merge } from './merge.js'
import { withPreset } from './presets.js'

const plain = {
  name: 'plain',
  data: mnist(),
  stages: [classify({ hidden: [10, 20] })],
}

describe('withPreset', () => {
  it('changes what the preset names and keeps the rest', () => {
    const config = defineExperiment({
      ...plain,
      presets: { quick: { train: { epochs: 1 }, stages: [{ hidden: [3] }] } },
    })
    expect(withPreset(config, 'quick')).toEqual({
      ...config,
      train: { ...config.train, epochs: 1 },
      stages: [{ ...config.stages[0], hidden: [3] }],
    })
    expect(withPreset(config, 'default')).toBe(config)
  })

  it('changes a stage by a ready model, whose own training it keeps', () => {
    const train = { epochs: 3 }
    const config = defineExperiment({
      ...plain,
      stages: [{ ...classify({ hidden: [10], scale: 1 }), train }],
      presets: { wide: { stages: [classify({ hidden: [20] })] } },
    })
    expect(withPreset(config, 'wide').stages).toEqual([{ ...config.stages[0], hidden: [20] }])
  })

  it('changes one group of an optimizer, a rule of the user’s own among them', () => {
    const still = updateRule({
      slots: [],
      shared: [],
      update: ({ parameters }) => ({ shared: {}, parameters: parameters.map(({ weight }) => ({ weight, slots: {} })) }),
    })
    const optimizer = groups({ '*.bias': still, '*': adamw() })
    const config = defineExperiment({
      ...plain,
      train: { optimizer },
      presets: {
        slow: { train: { optimizer: { groups: { '*': { learningRate: 1e-4 } } } } },
        plain: { train: { optimizer: { groups: { '*.bias': adam() } } } },
        other: { train: { optimizer: still } },
      },
    })
    const withGroups = (given: Groups['groups']) => ({ optimizer: groups(given) })
    expect(withPreset(config, 'slow').train).toMatchObject(withGroups({ '*.bias': still, '*': adamw(1e-4) }))
    expect(withPreset(config, 'plain').train).toMatchObject(withGroups({ '*.bias': adam(), '*': adamw() }))
    expect(withPreset(config, 'other').train.optimizer).toBe(still)
  })

  it('refuses a preset that is not there', () => {
    const config = defineExperiment({ ...plain, presets: { quick: {} } })
    expect(() => withPreset(config, 'tuned')).toThrow("plain has no preset 'tuned'; it has default, quick")
  })

  it('is checked when the experiment is defined', () => {
    const define = (presets: Record<string, Record<string, unknown>>) => () => defineExperiment({ ...plain, presets })
    expect(define({ quick: { train: { epoch: 1 } } })).toThrow(
      "plain, preset quick: train has no option 'epoch'; it has 'epochs'",
    )
    expect(define({ default: {} })).toThrow('presets.default cannot be there')
  })
})

describe('merge', () => {
  it('merges objects, and lists of objects by position', () => {
    expect(merge({ a: 1, b: [{ c: 1, d: 2 }, { e: 1 }] }, { b: [{ c: 3 }] })).toEqual({
      a: 1,
      b: [{ c: 3, d: 2 }, { e: 1 }],
    })
  })

  it('replaces other lists, and objects of another kind', () => {
    expect(merge({ hidden: [1, 2] }, { hidden: [3] })).toEqual({ hidden: [3] })
    expect(merge({ o: { kind: 'a', x: 1 } }, { o: { kind: 'b' } })).toEqual({ o: { kind: 'b' } })
  })
})
