/** One layer after another. */
import { layer, module, type Module, type Tensor, type WithParameters } from '@gradpool/core'
import type { Layer } from './activation.js'

/** A function, such as `flatten`, is a layer without parameters. */
type Modules<L> = { readonly [Index in keyof L]: L[Index] extends Module<unknown> ? L[Index] : Module<Layer> }

/**
 * The layers in their order; each takes what the one before it gives. Functions of a tensor are layers, too, as
 * `flatten` and `(x) => maxPool2d(x, 2)` are. Parameters are named by position: `0.weight`, `0.bias`, `2.weight`, …; a
 * step reads them of the bound layer, as `stack[0].weight`.
 */
export function sequential<const L extends readonly (Module<Layer> | Layer)[]>(
  layers: L,
): Module<WithParameters<Layer, Modules<L>>> {
  const modules = layers.map((each): Module<Layer> => (typeof each === 'function' ? module({}, () => each) : each))
  const stack = layer(modules, (bound) => (x: Tensor) => bound.reduce((value, each) => each(value), x))
  // The type says what each is bound to, which the compiler cannot follow through a list.
  return stack as Module<WithParameters<Layer, Modules<L>>>
}
