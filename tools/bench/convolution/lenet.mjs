/** LeNet-5 with the widths of today: two convolutions of 5 × 5, each with max pooling, and two dense layers. */
import { defineModel, mul, reshape } from '@gradpool/core'
import { conv2d, crossEntropy, dense, flatten, maxPool2d } from '@gradpool/models'

export const lenet = defineModel({
  params: {
    first: conv2d(1, 32, 5, { padding: 'same', activation: 'relu' }),
    second: conv2d(32, 64, 5, { padding: 'same', activation: 'relu' }),
    hidden: dense(7 * 7 * 64, 1024, { activation: 'relu' }),
    output: dense(1024, 10),
  },
  step({ first, second, hidden, output }, { image, label }) {
    const pixels = reshape(mul(image, 1 / 255), [-1, 28, 28, 1])
    const features = maxPool2d(second(maxPool2d(first(pixels), 2)), 2)
    return { loss: crossEntropy(output(hidden(flatten(features))), label) }
  },
})
