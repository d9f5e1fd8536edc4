/**
 * A model and plain fields that it learns in a moment: six numbers, of which the largest of the
 * first three is the class.
 */
import { defineModel, relu, softmax } from '@gradpool/core'
import { accuracy, crossEntropy, dense } from '@gradpool/models'

export const threeClasses = defineModel({
  params: { hidden: dense(6, 80), output: dense(80, 3) },
  step({ hidden, output }, { image, label }) {
    const logits = output(relu(hidden(image)))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict({ hidden, output }, { image }) {
    return { probabilities: softmax(output(relu(hidden(image)))) }
  },
})

/** @param first the number of the first example: others give other examples */
export function examples(count: number, first = 0) {
  const image = Float32Array.from({ length: 6 * count }, (_, i) => (((i + 6 * first) * 7919) % 997) / 499)
  const label = Uint8Array.from({ length: count }, (_, example) => {
    const three = image.subarray(6 * example, 6 * example + 3)
    return three.indexOf(Math.max(...three))
  })
  return { image: { values: image, shape: [6] }, label: { values: label, shape: [] } }
}
