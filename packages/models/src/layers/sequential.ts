/** One layer after another. */
import { module, type Module } from '@gradpool/core'
import type { Layer } from './activation.js'

/**
 * The layers in their order; each takes what the one before it gives. Parameters are named by position: `0.weight`,
 * `0.bias`, `2.weight`, ….
 */
export function sequential(layers: readonly Module<Layer>[]): Module<Layer> {
  return module(layers, (bound) => (x) => bound.reduce((value, layer) => layer(value), x))
}
