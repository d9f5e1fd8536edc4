import { defineModel, frozen, parameter, mean, mul, summary, zeros } from '@gradpool/core'
import { expect, test } from 'vitest'
import { accuracy, batchNorm, crossEntropy, dense, sequential } from './index.js'

const model = defineModel({
  params: {
    encoder: frozen(sequential([dense(6, 4, { activation: 'relu' }), batchNorm(4)])),
    output: dense(4, 3),
    temperature: parameter([], zeros),
  },
  step({ encoder, output, temperature }, { image, label }) {
    const logits = mul(output(encoder(image)), temperature)
    return {
      loss: crossEntropy(logits, label),
      accuracy: accuracy(logits, label),
      mean: mean(logits),
    }
  },
})
const data = {
  fields: { image: { dtype: 'f32', shape: [6] }, label: { dtype: 'u8', shape: [] } },
  numExamples: 10,
} as const

test('a summary has layers, shapes, parameters, work and memory', () => {
  const { layers, parameters, trained, flops, memory } = summary(model, data, { batchSize: 5 })
  expect(layers).toEqual([
    {
      path: 'encoder.0',
      output: [5, 4],
      states: { weight: [6, 4], bias: [4] },
      parameters: 28,
      trained: 0,
    },
    {
      path: 'encoder.1',
      output: [5, 4],
      states: { scale: [4], shift: [4], mean: [4], variance: [4] },
      parameters: 16,
      trained: 0,
    },
    {
      path: 'output',
      output: [5, 3],
      states: { weight: [4, 3], bias: [3] },
      parameters: 15,
      trained: 15,
    },
    { path: '', output: undefined, states: { temperature: [] }, parameters: 1, trained: 1 },
  ])
  expect({ parameters, trained }).toEqual({ parameters: 60, trained: 16 })
  // The two products alone are 2 * 5 * (6 * 4 + 4 * 3).
  expect(flops.evaluation).toBeGreaterThan(360)
  expect(flops.evaluation).toBeLessThan(1000)
  expect(flops.step).toBeGreaterThan(flops.evaluation)
  expect(memory.states).toBe(240)
  expect(memory.step).toBeGreaterThan(4 * 5 * (6 + 4 + 3))
})

test('as a table', () => {
  const lines = summary(model, data).toString().split('\n')
  expect(lines.slice(0, 5)).toEqual([
    'layer      output  states                                        parameters',
    'encoder.0  [1, 4]  weight [6, 4], bias [4]                               28',
    'encoder.1  [1, 4]  scale [4], shift [4], mean [4], variance [4]          16',
    'output     [1, 3]  weight [4, 3], bias [3]                               15',
    '(model)            temperature []                                         1',
  ])
  expect(lines.at(-2)).toBe('60 parameters, 16 of them trained; 240 bytes')
  expect(lines.at(-1)).toMatch(/^\d+ FLOPs to evaluate a batch, [\d,]+ to train on it; at most /)
})

test('fields as fit takes them are data', () => {
  const fields = {
    image: { values: new Float32Array(60), shape: [6] },
    label: { values: new Uint8Array(10), shape: [] },
  }
  expect(summary(model, fields, { batchSize: 5 }).toString()).toBe(summary(model, data, { batchSize: 5 }).toString())
  expect(() => summary(model, { ...fields, label: { values: [0.5], shape: [] } })).toThrow('label')
})
