import {
  type Batch,
  cast,
  evaluate,
  mean,
  parameter,
  prediction,
  sigmoid,
  square,
  defineModel,
} from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { autoencode, classify } from '@gradpool/models'
import { expect, it } from 'vitest'
import { codeModel } from './code-model.js'
import { defineExperiment } from './define-experiment.js'
import type { StageInput } from './schema.js'
import { tinyDataset } from './testing/tiny-dataset.js'

function experiment(...stages: StageInput[]) {
  return defineExperiment({ name: 'some', data: mnist(), stages })
}

function programOf(...stages: StageInput[]) {
  const found = codeModel(experiment(...stages), tinyDataset)
  if (found === undefined) return undefined
  const data = { fields: tinyDataset.fields.train, numExamples: 2 }
  return { ...found, program: prediction(found.model, { batchSize: 2, data }).program }
}

const narrow = autoencode({
  encoder: [3, 2],
  decoder: [3, 4],
  weight: 'heNormal',
  scale: 1 / 255,
  codeActivation: 'sigmoid',
})

it('is the encoder alone, though a classifier stands on it', () => {
  const found = programOf(narrow, classify({ hidden: [2], encoder: 'fineTuned' }))
  expect(found?.position).toBe(0)
  expect(found?.program.results.map(({ name }) => name)).toEqual(['code'])
})

it('gives the codes that the layers do', () => {
  const program = programOf(narrow)?.program
  if (program === undefined) throw new Error('there are no codes')
  const state = {
    'encoder.0.weight': Float32Array.from({ length: 12 }, (_, at) => Math.sin(at)),
    'encoder.0.bias': Float32Array.of(0.1, -0.2, 0.3),
    'encoder.1.weight': Float32Array.of(1, -1, 0.5, 0.25, -0.75, 2),
    'encoder.1.bias': Float32Array.of(-0.5, 0.5),
  }
  const image = Uint8Array.of(0, 255, 10, 20, 200, 100, 50, 25)
  const { results } = evaluate(program, { state, batch: { image }, step: 0, seed: 0 })
  const layer = (x: number[], weight: Float32Array, bias: Float32Array) =>
    Array.from(bias, (b, j) =>
      x.reduce((sum, value, i) => sum + value * (weight[i * bias.length + j] ?? 0), b),
    )
  const expected = [image.subarray(0, 4), image.subarray(4)].flatMap((pixels) => {
    const x = Array.from(pixels, (pixel) => pixel / 255)
    const hidden = layer(x, state['encoder.0.weight'], state['encoder.0.bias'])
    const code = layer(
      hidden.map((value) => Math.max(0, value)),
      state['encoder.1.weight'],
      state['encoder.1.bias'],
    )
    return code.map((value) => 1 / (1 + Math.exp(-value)))
  })
  expected.forEach((value, at) => expect(results.code?.[at]).toBeCloseTo(value, 6))
})

it("is that of the last stage that has one, a model of the user's own too", () => {
  const own = defineModel({
    params: { weight: parameter([4, 2], 'heNormal') },
    step: (_, { image }) => ({ loss: mean(square(cast(image, 'f32'))) }),
    predict: (_, { image }) => ({ code: sigmoid(cast(image, 'f32')) }),
  })
  const flat = defineModel({
    params: { weight: parameter([4, 2], 'heNormal') },
    step: (_, { image }) => ({ loss: mean(square(cast(image, 'f32'))) }),
    predict: (_, { label }: Batch<'label'>) => ({ code: cast(label, 'f32') }),
  })
  expect(programOf(narrow, { name: 'own', model: own })?.position).toBe(1)
  expect(programOf(narrow, { name: 'flat', model: flat })?.position).toBe(0)
})

it('is not there where no stage makes codes', () => {
  expect(programOf(classify({ hidden: [2] }))).toBeUndefined()
})
