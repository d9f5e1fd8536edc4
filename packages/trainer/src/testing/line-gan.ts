/** A generator and a discriminator of numbers about 3. */
import { add, adam, defineModel, groups, mean, mul, randomNormal, type Batch, type Tensor } from '@gradpool/core'
import { dense, sequential, softplus } from '@gradpool/models'

const NOISE = 8

const network = (input: number) =>
  sequential([dense(input, 128, { activation: 'tanh' }), dense(128, 128, { activation: 'tanh' }), dense(128, 1)])

export const lineGan = defineModel({
  params: { generator: network(NOISE), discriminator: network(1) },
  step({ generator, discriminator }, { real }: Batch<'real'>) {
    const made = generator(randomNormal([real.shape[0] ?? 1, NOISE], 'noise'))
    const [ofReal, ofMade] = [discriminator(real), discriminator(made)]
    // -log σ(x) is softplus(-x).
    const surprise = (logits: Tensor, sign: 1 | -1) => mean(softplus(mul(logits, -sign)))
    return {
      loss: {
        generator: surprise(ofMade, 1),
        discriminator: add(surprise(ofReal, 1), surprise(ofMade, -1)),
      },
      mean: mean(made),
    }
  },
  predict: ({ generator }, { noise }: Batch<'noise'>) => ({ made: generator(noise) }),
})

export const ganOptimizer = groups({
  generator: adam({ learningRate: 5e-4, beta1: 0.5 }),
  discriminator: adam({ learningRate: 1e-3, beta1: 0.5 }),
})

/** Numbers from 2.5 to 3.5, most of them about 3; and noise to make others of. */
export function realNumbers(count: number) {
  const real = Float32Array.from({ length: count }, (_, i) => 2.5 + uniform(i, 7919) / 2 + uniform(i, 104_729) / 2)
  const noise = Float32Array.from({ length: NOISE * count }, (_, i) => Math.sqrt(12) * (uniform(i, 31_337) - 0.5))
  return { real: { values: real, shape: [1] }, noise: { values: noise, shape: [NOISE] } }
}

function uniform(i: number, factor: number): number {
  return ((i * factor) % 9973) / 9973
}
