/**
 * Small trainings whose weights are pinned in `trainings.json`: every optimizer, schedule and layer family, averaging,
 * micro-batches, and the ready-made models. The data are arithmetic, so that nothing but this code decides the bits.
 */
import {
  adagrad,
  adam,
  adamw,
  attention,
  averagePool2d,
  batchNorm,
  bidirectional,
  classify,
  classWeights,
  clipByGlobalNorm,
  cluster,
  conv1d,
  conv2d,
  conv2dTranspose,
  cosine,
  crossEntropy,
  defineModel,
  dense,
  depthwiseConv2d,
  dropout,
  embedding,
  exponentialDecay,
  fit,
  flatten,
  forecast,
  globalAveragePool,
  groupNorm,
  groups,
  gru,
  hash,
  layerNorm,
  linearDecay,
  lion,
  lstm,
  maxPool2d,
  mean,
  meanSquaredError,
  multiHeadAttention,
  muon,
  nadam,
  oneCycle,
  piecewiseConstant,
  plateau,
  regress,
  reshape,
  residual,
  rmsNorm,
  rmsprop,
  rnn,
  separableConv2d,
  sequential,
  sgd,
  sinusoidalPositions,
  slice,
  stepDecay,
  warmRestarts,
  type Layer,
  type Module,
  type Tensor,
} from 'gradpool'

const numRows = 42
const numClasses = 3

/** The remainders of squares: spread out, and equal on every machine. */
const spread = (count: number, limit: number) => Array.from({ length: count }, (_, i) => (i * i * 7 + i * 3) % limit)

const label = { dtype: 'u8', shape: [], values: Uint8Array.from(spread(numRows, numClasses)) } as const
const numbers = (count: number) => Float32Array.from(spread(count, 101), (value) => value / 50 - 1)
const x = { dtype: 'f32', shape: [5], values: numbers(numRows * 5) } as const
const y = { dtype: 'f32', shape: [2], values: numbers(numRows * 2) } as const
const image = { dtype: 'u8', shape: [6, 6, 1], values: Uint8Array.from(spread(numRows * 36, 251)) } as const
const steps = { dtype: 'f32', shape: [4, 3], values: numbers(numRows * 12) } as const
const words = { dtype: 'i32', shape: [4], values: Int32Array.from(spread(numRows * 4, 7)) } as const

const table = { x, label }
const images = { image, label }
const series = { x: steps, label }
const texts = { x: words, label }

/** A classifier whose logits are the output of `layers`. */
function classifier(layers: readonly (Module<Layer> | Layer)[]) {
  const stack: Module<Layer> = sequential(layers)
  return defineModel({
    params: { stack },
    step({ stack }, { x, label }: Readonly<Record<'x' | 'label', Tensor>>) {
      return { loss: crossEntropy(stack(x), label) }
    },
  })
}

const network = () => classifier([dense(5, 6, { activation: 'tanh' }), dense(6, numClasses)])
const output = (features: number) => dense(features, numClasses)
const last = (value: Tensor) => {
  const [batch = 1, time = 1, width = 1] = value.shape
  return reshape(slice(value, [0, time - 1, 0], [batch, 1, width]), [batch, width])
}

/** Options that all trainings share. */
export interface Shared {
  readonly batchSize: number
  readonly epochs: number
  readonly seed: number
  readonly engine: 'native' | 'wasm'
  readonly workers: number
}

/** What the pinned file has of a training. */
export interface Trained {
  readonly weightsHash: string
  readonly history: readonly { readonly loss: number }[]
}

type Training = (shared: Shared) => Promise<Trained>

type Learning = Pick<
  Parameters<typeof fit>[1],
  'optimizer' | 'clip' | 'ema' | 'accumulate' | 'microBatches' | 'averageEvery' | 'averageParts' | 'epochs'
>

/** A small dense network, with these options. */
const trained =
  (options: Learning): Training =>
  (shared) =>
    fit(network(), { ...shared, data: table, ...options })

const layers =
  (data: typeof series | typeof texts | typeof table, ...stack: (Module<Layer> | Layer)[]): Training =>
  (shared) =>
    fit(classifier(stack), { ...shared, data })

const pictures =
  (...stack: (Module<Layer> | Layer)[]): Training =>
  (shared) =>
    fit(classifier(stack), { ...shared, data: { x: image, label } })

export const trainings: Readonly<Record<string, Training>> = {
  'optimizer/sgd': trained({ optimizer: sgd(0.05) }),
  'optimizer/sgd-nesterov': trained({ optimizer: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }) }),
  'optimizer/adam': trained({ optimizer: adam(0.01) }),
  'optimizer/adamw': trained({ optimizer: adamw({ learningRate: 0.01, weightDecay: 0.1 }) }),
  'optimizer/nadam': trained({ optimizer: nadam(0.01) }),
  'optimizer/rmsprop': trained({ optimizer: rmsprop(0.01) }),
  'optimizer/adagrad': trained({ optimizer: adagrad(0.01) }),
  'optimizer/lion': trained({ optimizer: lion(0.01) }),
  'optimizer/muon': trained({ optimizer: groups({ '*.bias': adamw(0.01), '*': muon(0.01) }) }),
  'optimizer/groups': trained({
    optimizer: groups({ 'stack.0.*': { kind: 'frozen' }, '*': adam(0.01) }),
  }),
  'schedule/cosine': trained({ optimizer: adam(cosine(0.01)) }),
  'schedule/linear': trained({ optimizer: adam(linearDecay(0.01)) }),
  'schedule/exponential': trained({
    optimizer: adam(exponentialDecay({ learningRate: 0.01, rate: 0.5, decaySteps: 4 })),
  }),
  'schedule/step': trained({ optimizer: adam(stepDecay({ learningRate: 0.01, rate: 0.5, decaySteps: 4 })) }),
  'schedule/piecewise': trained({ optimizer: adam(piecewiseConstant({ boundaries: [3], values: [0.02, 0.01] })) }),
  'schedule/oneCycle': trained({ optimizer: adam(oneCycle(0.01)) }),
  'schedule/warmRestarts': trained({ optimizer: adam(warmRestarts({ learningRate: 0.01, period: 4 })) }),
  'schedule/plateau': trained({ optimizer: sgd(plateau({ learningRate: 0.5, patience: 1, factor: 0.5 })), epochs: 6 }),
  'updates/clip': trained({ clip: clipByGlobalNorm(0.1) }),
  'updates/ema': trained({ ema: 0.9 }),
  'updates/accumulate': trained({ accumulate: 2 }),
  'updates/microBatches': trained({ microBatches: 4 }),
  'updates/averaging': trained({ averageEvery: 2, averageParts: 2 }),
  'updates/bestWithEarlyStopping': (shared) =>
    fit(network(), {
      ...shared,
      data: table,
      validation: 0.25,
      epochs: 12,
      optimizer: adam(0.1),
      keep: 'best',
      earlyStopping: { patience: 2 },
    }),
  'layers/dropout': layers(table, dense(5, 8, { activation: 'relu' }), dropout(0.3), output(8)),
  'layers/norms': layers(table, dense(5, 8), layerNorm(8), rmsNorm(8), residual(dense(8, 8)), output(8)),
  'layers/conv1d': layers(series, conv1d(3, 4, 3, { padding: 'same' }), flatten, output(16)),
  'layers/rnn': layers(series, rnn(3, 4), output(4)),
  'layers/gru': layers(series, bidirectional(gru(3, 4, { returns: 'sequence' })), last, output(8)),
  'layers/lstm': layers(series, lstm(3, 4), output(4)),
  'layers/attention': layers(
    texts,
    embedding(7, 8),
    sinusoidalPositions(),
    multiHeadAttention(8, 2, { causal: true }),
    (value: Tensor) => mean(value, 1),
    output(8),
  ),
  'layers/attentionOp': layers(
    texts,
    embedding(7, 4),
    (value: Tensor) => {
      const heads = reshape(value, [value.shape[0] ?? 1, 1, 4, 4])
      return flatten(attention(heads, heads, heads))
    },
    output(16),
  ),
  'layers/conv2d': pictures(
    conv2d(1, 4, 3, { activation: 'relu' }),
    batchNorm(4),
    (value: Tensor) => maxPool2d(value, 2),
    flatten,
    output(16),
  ),
  'layers/depthwise': pictures(
    depthwiseConv2d(1, 3, { padding: 'same' }),
    separableConv2d(1, 4, 3, { strides: 2 }),
    groupNorm(2, 4),
    globalAveragePool,
    output(4),
  ),
  'layers/transposed': pictures(
    (value: Tensor) => averagePool2d(value, 2),
    conv2dTranspose(1, 2, 2, { strides: 2 }),
    flatten,
    output(72),
  ),
  'models/classify': (shared) =>
    fit(classify({ hidden: [8], classes: numClasses, scale: 1 / 255 }), { ...shared, data: images }),
  'models/augmented': (shared) =>
    fit(
      classify({ hidden: [8], classes: numClasses, scale: 1 / 255, augment: [{ kind: 'noise', deviation: 0.1 }] }),
      { ...shared, data: images },
    ),
  'models/regress': (shared) => fit(regress({ hidden: [6] }), { ...shared, data: { x, y } }),
  'models/forecast': (shared) => fit(forecast({ hidden: [6] }), { ...shared, data: { x: steps, y } }),
  'models/cluster': (shared) => fit(cluster({ clusters: 3, field: 'x' }), { ...shared, data: { x } }),
  'models/hash': (shared) => fit(hash({ encoder: [8, 4], imageShape: [6, 6] }), { ...shared, data: { image } }),
  'losses/weighted': (shared) => {
    const model = defineModel({
      params: { layer: output(5) },
      step({ layer }, { x, label }: Readonly<Record<'x' | 'label', Tensor>>) {
        return { loss: crossEntropy(layer(x), label, { weights: classWeights(label, [1, 2, 3]) }) }
      },
    })
    return fit(model, { ...shared, data: table })
  },
  'losses/several': (shared) => {
    const model = defineModel({
      params: { first: dense(5, 2), second: dense(5, 2) },
      step({ first, second }, { x, y }: Readonly<Record<'x' | 'y', Tensor>>) {
        return { loss: { first: meanSquaredError(first(x), y), second: meanSquaredError(second(x), y) } }
      },
    })
    return fit(model, { ...shared, data: { x, y } })
  },
}
