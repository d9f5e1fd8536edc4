/** A small residual network (He et al. 2016). */
import { add, defineModel, layer, type Module, mul, relu, softmax, type Tensor } from '@gradpool/core'
import {
  accuracy,
  batchNorm,
  conv2d,
  crossEntropy,
  dense,
  globalAveragePool,
  type Layer,
  sequential,
} from '@gradpool/models'

/** A convolution without bias, which the normalisation after it takes away. */
function normedConv(channels: number, filters: number, window: number, strides = 1): Module<Layer> {
  const options = { padding: 'same', strides, bias: false } as const
  return layer(
    { conv: conv2d(channels, filters, window, options), norm: batchNorm(filters) },
    (own) => (x: Tensor) => own.norm(own.conv(x)),
  )
}

/** Two convolutions, and their input beside them, through one of 1 × 1 where it becomes smaller. */
function block(channels: number, filters: number, strides: number): Module<Layer> {
  return layer(
    {
      first: normedConv(channels, filters, 3, strides),
      second: normedConv(filters, filters, 3),
      beside: strides > 1 ? normedConv(channels, filters, 1, strides) : sequential([]),
    },
    (own) => (x: Tensor) => relu(add(own.second(relu(own.first(x))), own.beside(x))),
  )
}

/** Eight layers with weights, on images of 32 × 32 pixels of three colours: [32, 32, 16], [16, 16, 32], [8, 8, 64]. */
export const resnet8 = defineModel({
  params: {
    stem: normedConv(3, 16, 3),
    blocks: sequential([block(16, 16, 1), block(16, 32, 2), block(32, 64, 2)]),
    output: dense(64, 10),
  },
  step(params, { image, label }) {
    const logits = logitsOf(params, image)
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict: (params, { image }) => ({ probabilities: softmax(logitsOf(params, image)) }),
})

function logitsOf(
  { stem, blocks, output }: Readonly<Record<'stem' | 'blocks' | 'output', Layer>>,
  image: Tensor,
): Tensor {
  return output(globalAveragePool(blocks(relu(stem(mul(image, 1 / 255))))))
}
