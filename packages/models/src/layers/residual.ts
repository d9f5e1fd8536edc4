/** A layer around which its input goes, too. Source: He et al. (2016). */
import { add, module, type Module } from '@gradpool/core'
import type { Layer } from './activation.js'

/** x + layer(x): [...] to [...]. Its states have the names of those of the layer. */
export function residual(inner: Module<Layer>): Module<Layer> {
  return module(inner, (bound) => (x) => add(x, bound(x)))
}
