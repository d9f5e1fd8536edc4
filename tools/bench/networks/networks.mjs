/** The networks that are measured, written as a user of Gradpool writes them, and the examples that they train on. */
import {
  add,
  batchNorm,
  conv2d,
  crossEntropy,
  defineModel,
  dense,
  embedding,
  flatten,
  globalAveragePool,
  gru,
  layer,
  layerNorm,
  learnedPositions,
  maxPool2d,
  mul,
  multiHeadAttention,
  relu,
  reshape,
  residual,
  sequential,
  slice,
} from 'gradpool'
import { firstExamples } from '../peers/mnist.mjs'

/** Two convolutions of 5 × 5, each with max pooling, and two dense layers. */
const lenet = classifier([28, 28, 1], {
  first: conv2d(1, 32, 5, { padding: 'same', activation: 'relu' }),
  second: conv2d(32, 64, 5, { padding: 'same', activation: 'relu' }),
  hidden: dense(7 * 7 * 64, 1024, { activation: 'relu' }),
  output: dense(1024, 10),
})(({ first, second, hidden, output }, pixels) =>
  output(hidden(flatten(maxPool2d(second(maxPool2d(first(pixels), 2)), 2)))),
)

/** A convolution of 3 × 3 without bias, which the normalisation after it takes away. */
const normedConv = (channels, filters, strides = 1) =>
  layer(
    { conv: conv2d(channels, filters, 3, { padding: 1, strides, bias: false }), norm: batchNorm(filters) },
    (own) => (x) => own.norm(own.conv(x)),
  )

const normed = classifier([28, 28, 1], {
  first: normedConv(1, 32),
  second: normedConv(32, 32),
  third: normedConv(32, 64),
  fourth: normedConv(64, 64),
  output: dense(7 * 7 * 64, 10),
})(({ first, second, third, fourth, output }, pixels) => {
  const half = maxPool2d(relu(second(relu(first(pixels)))), 2)
  return output(flatten(maxPool2d(relu(fourth(relu(third(half)))), 2)))
})

/** Two convolutions, and their input beside them, through one of 1 × 1 where it becomes smaller: He et al. (2016). */
const residualBlock = (channels, filters, strides) =>
  layer(
    {
      first: normedConv(channels, filters, strides),
      second: normedConv(filters, filters),
      ...(strides > 1 && {
        shortcut: layer(
          { conv: conv2d(channels, filters, 1, { strides, bias: false }), norm: batchNorm(filters) },
          (own) => (x) => own.norm(own.conv(x)),
        ),
      }),
    },
    ({ first, second, shortcut }) =>
      (x) =>
        relu(add(second(relu(first(x))), shortcut ? shortcut(x) : x)),
  )

const resnet = classifier([32, 32, 3], {
  stem: normedConv(3, 16),
  blocks: sequential([residualBlock(16, 16, 1), residualBlock(16, 32, 2), residualBlock(32, 64, 2)]),
  output: dense(64, 10),
})(({ stem, blocks, output }, pixels) => output(globalAveragePool(blocks(relu(stem(pixels))))))

/** The rows of an image as a sequence. */
const rows = classifier([28, 28], { recurrent: gru(28, 128), output: dense(128, 10) })(
  ({ recurrent, output }, pixels) => output(recurrent(pixels)),
)

const LENGTH = 64
const CHARACTERS = 96
const WIDTH = 128

const transformerBlock = sequential([
  residual(sequential([layerNorm(WIDTH), multiHeadAttention(WIDTH, 4, { causal: true })])),
  residual(
    sequential([layerNorm(WIDTH), dense(WIDTH, 4 * WIDTH, { activation: 'geluTanh' }), dense(4 * WIDTH, WIDTH)]),
  ),
])

/** Tells each character of a text from those before it. */
const transformer = defineModel({
  params: {
    words: embedding(CHARACTERS, WIDTH),
    positions: learnedPositions(LENGTH, WIDTH),
    blocks: sequential([transformerBlock, transformerBlock]),
    norm: layerNorm(WIDTH),
    output: dense(WIDTH, CHARACTERS),
  },
  step({ words, positions, blocks, norm, output }, { text }) {
    const [batch] = text.shape
    const [before, next] = [0, 1].map((from) => slice(text, [0, from], [batch, LENGTH]))
    const logits = output(norm(blocks(positions(words(before)))))
    return { loss: crossEntropy(reshape(logits, [-1, CHARACTERS]), reshape(next, [-1])) }
  },
})

/** A model of images, whose bytes are scaled to at most 1 within the step. */
function classifier(shape, params) {
  return (logitsOf) =>
    defineModel({
      params,
      step(own, { image, label }) {
        const pixels = reshape(mul(image, 1 / 255), [-1, ...shape])
        return { loss: crossEntropy(logitsOf(own, pixels), label) }
      },
    })
}

const images = { field: 'image', examples: firstExamples }

/**
 * kind: of the peers' networks. features: numbers of an example. examples: so many, as bytes, and then a label each.
 * slow: who is many times slower than others and measured only where all are asked for.
 */
export const networks = [
  { name: 'LeNet', kind: 'lenet', model: lenet, batchSize: 32, features: 784, ...images },
  { name: 'LeNet', kind: 'lenet', model: lenet, batchSize: 128, features: 784, ...images },
  { name: 'conv 3 × 3, batch norm', kind: 'normed', model: normed, batchSize: 128, features: 784, ...images },
  {
    name: 'ResNet-8, 32 × 32 × 3',
    kind: 'resnet',
    model: resnet,
    batchSize: 32,
    features: 32 * 32 * 3,
    field: 'image',
    examples: noise,
  },
  { name: 'GRU, 28 steps', kind: 'gru', model: rows, batchSize: 64, features: 784, ...images },
  {
    name: 'transformer, 64 characters',
    kind: 'transformer',
    model: transformer,
    batchSize: 16,
    features: LENGTH + 1,
    field: 'text',
    examples: texts,
  },
].map((network) => ({ ...network, numExamples: 20 * network.batchSize }))

/** The examples of a network from their bytes, by the names of the model's fields. */
export function fieldsOf({ field, features, numExamples }, bytes) {
  const numbers = { dtype: 'u8', shape: [features], values: bytes.slice(0, numExamples * features) }
  if (field === 'text') return { text: numbers }
  return { [field]: numbers, label: { dtype: 'u8', shape: [], values: bytes.slice(numExamples * features) } }
}

/** Images of random bytes, whose labels are in their brightness. */
function noise(count) {
  const next = random()
  const labels = Uint8Array.from({ length: count }, () => next() * 10)
  const pixels = new Uint8Array(count * 3072)
  labels.forEach((label, row) => {
    for (let i = row * 3072; i < (row + 1) * 3072; i++) pixels[i] = next() * (160 + 10 * label)
  })
  return Buffer.concat([pixels, labels])
}

/** Texts in which nine characters of ten follow from the one before. */
function texts(count) {
  const next = random()
  const characters = new Uint8Array(count * (LENGTH + 1))
  for (let i = 1; i < characters.length; i++) {
    characters[i] = next() < 0.9 ? (5 * characters[i - 1] + 7) % CHARACTERS : next() * CHARACTERS
  }
  return Buffer.concat([characters, new Uint8Array(count)])
}

/** The same numbers in [0, 1) each time. */
function random() {
  let state = 1
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}
