/** The stack of dense layers that the architectures are made of. */
import type { InitializerLike, Module } from '@gradpool/core'
import type { ActivationName, Layer } from '../layers/activation.js'
import { dense } from '../layers/dense.js'
import { sequential } from '../layers/sequential.js'

export interface DenseStackOptions {
  /** Of the input, then of each layer. */
  readonly widths: readonly number[]
  /** Of each layer but the last. */
  readonly activation: ActivationName
  readonly lastActivation: ActivationName
  /** Of all weights; the default is that of `dense`. */
  readonly weight?: InitializerLike | undefined
}

/** [batch, widths[0]] to [batch, widths.at(-1)]; parameters `0.weight`, `0.bias`, `1.weight`, …. */
export function denseStack(options: DenseStackOptions): Module<Layer> {
  const { widths, activation, lastActivation, weight } = options
  const outputs = widths.slice(1)
  return sequential(
    outputs.map((width, index) =>
      dense(widths[index] ?? width, width, {
        activation: index === outputs.length - 1 ? lastActivation : activation,
        ...(weight !== undefined && { weight }),
      }),
    ),
  )
}
