/**
 * An encoder to binary codes: what small maps of an image leave the same, and, where labels are used, the image's
 * class.
 */
import {
  type Batch,
  add,
  argMax,
  concat,
  constant,
  div,
  gather,
  isTraining,
  matmul,
  mean,
  type Model,
  mul,
  sigmoid,
  slice,
  square,
  defineModel,
  sub,
  type Tensor,
} from '@gradpool/core'
import { type ModelData } from '@gradpool/core/engine'
import { warp, type WarpOptions } from '../augmentation/warp.js'
import { batchNorm } from '../layers/batch-norm.js'
import type { Layer } from '../layers/activation.js'
import { sequential } from '../layers/sequential.js'
import { binaryCrossEntropy } from '../losses/binary-cross-entropy.js'
import { redundancyLoss } from '../losses/redundancy-loss.js'
import { accuracy } from '../metrics/accuracy.js'
import { asColumn, isClass } from '../shapes.js'
import { checkWidth, checkWidths } from '../widths.js'
import type { NetworkOptions } from './autoencode.js'
import { codewords } from './codewords.js'
import { denseStack } from './dense-stack.js'
import { scaled } from './input.js'
import { classesOf, imageShapeOf, readyModel, scaleOf } from './ready-model.js'

export interface HashOptions extends Omit<NetworkOptions, 'input'> {
  /** Widths of the encoder's layers; the last is the number of bits. */
  readonly encoder: readonly number[]
  /** Learn from labels, not from images alone. Default: false. */
  readonly labels?: boolean
  /** Default, with labels: what the data tell, of class numbers one more than the largest. */
  readonly classes?: number
  /** Height and width of the images. Default: those of the data. */
  readonly imageShape?: readonly [height: number, width: number]
  /** The small maps. */
  readonly warp?: WarpOptions
  /** Without labels: the weight of different bits saying different things. Default: 0.002. */
  readonly decorrelation?: number
  /** Without labels: the weight of codes being near 0 and 1. Default: 0.02. */
  readonly binary?: number
}

/** Learns codes of bits from images alone. */
export type Hasher = HashOptions & { readonly kind: 'hash' } & Model<{
    readonly metrics: Readonly<Record<'loss' | 'redundancy' | 'imbalance' | 'fuzziness', number>>
    readonly fields: 'image'
    readonly predictFields: 'image'
    readonly outputs: 'code'
  }>

/** Learns codes of bits from images with labels. */
export type LabelledHasher = HashOptions & { readonly kind: 'hash' } & Model<{
    readonly metrics: { readonly loss: number; readonly accuracy: number }
    readonly fields: 'image' | 'label'
    readonly predictFields: 'image'
    readonly outputs: 'code' | 'estimate'
  }>

/**
 * A model over the field `image`, and `label` (class numbers) with `labels`, for `fit` and as a stage of an experiment.
 * Its states are those of the dense layers, `encoder.0.0.weight`, …, and of the normalisation before the sigmoid,
 * `encoder.1.scale`, …; they are the same with and without labels, so that an encoder can learn from all images first,
 * and then from the few that have labels. A hash stage starts from the hash stage before it, if there is one.
 *
 * Without labels, two views of each image, each under a small random map, are to have one code: `redundancyLoss` of the
 * bits of both, to which are added the square of each bit's mean (in ±1, so that each is 1 for half of the images) and,
 * times `binary`, how far the codes are from 0 and 1. Results: `loss`, and these terms: `redundancy`, `imbalance`,
 * `fuzziness`.
 *
 * With labels, the code of a view is to be the class's codeword: the cross-entropy of each bit (see `codewords`).
 * Results: `loss` and `accuracy`, the share of codes nearest to the right codeword; in evaluation of the images as they
 * are.
 *
 * Predictions: `code` [batch, bits], in [0, 1]; with labels also `estimate` [batch], the class of the nearest codeword.
 *
 * @throws UserError for widths that are not whole numbers; with the data, for images of another shape
 */
export function hash(options: HashOptions & { readonly labels: true }): LabelledHasher
export function hash(options: HashOptions & { readonly labels?: false }): Hasher
export function hash(options: HashOptions): Hasher | LabelledHasher
export function hash(options: HashOptions): Hasher | LabelledHasher {
  const { encoder, classes, imageShape, labels = false } = options
  const sizes = Object.entries({ classes, height: imageShape?.[0], width: imageShape?.[1] })
  for (const [name, size] of sizes) if (size !== undefined) checkWidth(name, size)
  checkWidths('encoder', encoder)
  const own = { ...options, kind: 'hash' as const }
  return labels
    ? readyModel(own, (data) => fromLabels(networkOf(options, data), classesOf(data, classes)))
    : readyModel(own, (data) => fromImages(networkOf(options, data), options))
}

type Network = ReturnType<typeof networkOf>

/** The encoder, and what the steps of both kinds, and clusters of its codes, have in common. */
export function networkOf(options: HashOptions, data: ModelData) {
  const { encoder, activation = 'relu', weight = 'heNormal' } = options
  const imageShape = imageShapeOf(data, options.imageShape)
  const scale = scaleOf(data, options.scale)
  const bits = encoder.at(-1) ?? 1
  const widths = [imageShape[0] * imageShape[1], ...encoder]
  return {
    bits,
    params: {
      encoder: sequential([denseStack({ widths, activation, lastActivation: 'linear', weight }), batchNorm(bits)]),
    },
    logitsOf: (encode: Layer, image: Tensor) => encode(scaled(image, scale)),
    view: (image: Tensor) => warp(scaled(image, 1), imageShape, options.warp),
  }
}

function fromImages({ params, logitsOf, view }: Network, options: HashOptions) {
  const { decorrelation = 0.002, binary = 0.02 } = options
  return defineModel({
    params,
    step(bound, { image }: Batch<'image'>) {
      const views = concat([view(image), view(image)], 0)
      const code = sigmoid(logitsOf(bound.encoder, views)) // [2 * batch, bits]
      const redundancy = redundancyLoss(...halves(code), decorrelation)
      const imbalance = mean(square(mean(signed(code), 0)))
      const fuzziness = mean(mul(4, mul(code, sub(1, code))))
      const loss = add(add(redundancy, imbalance), mul(fuzziness, binary))
      return { loss, redundancy, imbalance, fuzziness }
    },
    predict: (bound, { image }) => ({ code: sigmoid(logitsOf(bound.encoder, image)) }),
  })
}

function fromLabels({ params, bits, logitsOf, view }: Network, classes: number) {
  return defineModel({
    params,
    step(bound, { image, label }) {
      const words = wordsOf(classes, bits)
      const logits = logitsOf(bound.encoder, isTraining() ? view(image) : image)
      return {
        loss: binaryCrossEntropy(logits, wordsFor(words, label)),
        accuracy: accuracy(likeness(sigmoid(logits), words), label),
      }
    },
    predict(bound, { image }) {
      const code = sigmoid(logitsOf(bound.encoder, image))
      return { code, estimate: argMax(likeness(code, wordsOf(classes, bits))) }
    },
  })
}

/** [2 * batch, bits] as two of [batch, bits]. */
function halves(code: Tensor): [Tensor, Tensor] {
  const [rows = 2, bits = 1] = code.shape
  return [slice(code, [0, 0], [rows / 2, bits]), slice(code, [rows / 2, 0], [rows / 2, bits])]
}

/** f32 [classes, bits] of 0 and 1. */
function wordsOf(classes: number, bits: number): Tensor {
  return constant(codewords(classes, bits).flat(), [classes, bits])
}

/** The codeword of each label, [batch, bits]; NaN for a label that is no class. */
function wordsFor(words: Tensor, label: Tensor): Tensor {
  return div(gather(words, label), asColumn(isClass(label, words.shape[0] ?? 1)))
}

/** How alike codes and codewords are, [batch, classes]: the larger, the nearer in Hamming distance. */
function likeness(code: Tensor, words: Tensor): Tensor {
  return matmul(signed(code), signed(words), { transposeB: true })
}

/** [0, 1] to [-1, 1]. */
function signed(code: Tensor): Tensor {
  return sub(mul(2, code), 1)
}
