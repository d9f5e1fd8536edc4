/** The model that all serve: a classifier of digits, as a saved model, as ONNX, and as plain weights for PyTorch. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toOnnx } from '@gradpool/onnx'
import { crossEntropy, defineModel, dense, fit, softmax } from 'gradpool'
import { firstExamples } from '../peers/mnist.mjs'

export const WIDTHS = [784, 512, 256, 10]
const ROWS = 1000

/** Writes its files into a folder. @returns an image, and its probabilities */
export async function writeModel(folder) {
  const [width, first, second, classes] = WIDTHS
  const model = defineModel({
    params: {
      layer0: dense(width, first, { activation: 'relu' }),
      layer1: dense(first, second, { activation: 'relu' }),
      layer2: dense(second, classes),
    },
    step: ({ layer0, layer1, layer2 }, { image, label }) => ({
      loss: crossEntropy(layer2(layer1(layer0(image))), label),
    }),
    predict: ({ layer0, layer1, layer2 }, { image }) => ({ probabilities: softmax(layer2(layer1(layer0(image)))) }),
  })
  const bytes = firstExamples(ROWS)
  const image = Float32Array.from(bytes.subarray(0, ROWS * width), (value) => value / 255)
  const label = Uint8Array.from(bytes.subarray(ROWS * width, ROWS * (width + 1)))
  const data = { image: { values: image, shape: [width] }, label: { values: label, shape: [] } }
  const fitted = await fit(model, { data, epochs: 1, progress: false })
  await fitted.save(join(folder, 'digits.gradpool'))
  writeFileSync(join(folder, 'model.onnx'), toOnnx(fitted.toBytes()))
  // Each layer's matrix, then its bias.
  const parts = [0, 1, 2].flatMap((layer) => ['weight', 'bias'].map((part) => fitted.weights[`layer${layer}.${part}`]))
  writeFileSync(join(folder, 'weights.f32'), Buffer.concat(parts.map(bytesOf)))
  writeFileSync(join(folder, 'layers.json'), JSON.stringify(WIDTHS))
  const one = image.slice(0, width)
  const { probabilities } = await fitted.predict({ image: one })
  return { image: one, probabilities }
}

export function bytesOf({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength)
}
