/** Where a row is in its sequence, for layers that look at all rows alike. */
import {
  add,
  concat,
  constant,
  cos,
  exp,
  type InitializerLike,
  layer,
  log,
  module,
  type Module,
  mul,
  normal,
  parameter,
  reshape,
  sin,
  slice,
  sub,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'

export interface LearnedPositionsOptions {
  /** Default: normal of standard deviation 0.02. */
  readonly weight?: InitializerLike
}

/** Bound learned positions: a function, with their table. */
export type LearnedPositions = Layer & { readonly weight: Tensor }

/**
 * x plus a trained row for each position: [..., time, width] to [..., time, width], for up to `length` positions.
 *
 * Parameter: `weight` [length, width].
 *
 * @throws UserError for numbers that are not whole numbers of at least 1, or a longer sequence
 */
export function learnedPositions(
  length: number,
  width: number,
  options: LearnedPositionsOptions = {},
): Module<LearnedPositions> {
  checkWidth('learnedPositions: length', length)
  checkWidth('learnedPositions: width', width)
  return layer({ weight: parameter([length, width], options.weight ?? normal(0.02)) }, (own) => (x: Tensor) => {
    const [time, features] = lastExtents('learnedPositions', x)
    if (time > length || features !== width) {
      throw new UserError(`learnedPositions: x must be [..., up to ${length}, ${width}], not ${x.toString()}`)
    }
    return add(x, slice(own.weight, [0, 0], [time, width]))
  })
}

/**
 * x plus sines and cosines of its positions: [..., time, width] to [..., time, width], with sin(t / 10000^(2i / width))
 * for feature 2i of position t, and the cosine for feature 2i + 1. The width is even. Source: Vaswani et al. (2017).
 */
export function sinusoidalPositions(): Module<Layer> {
  return module({}, () => (x) => {
    const [time, width] = lastExtents('sinusoidalPositions', x)
    checkEven('sinusoidalPositions', width)
    const angles = reshape(anglesOf(time, width / 2, BASE), [time, width / 2, 1])
    return add(x, reshape(concat([sin(angles), cos(angles)], 2), [time, width]))
  })
}

export interface RotaryOptions {
  /** The longest wave is 2π times this. Default: 10000. */
  readonly base?: number
  /** The position of the first row. Default: 0. */
  readonly first?: number
}

/**
 * Queries, or keys, each turned by its position, so that products of both depend on how far apart they are: [..., time,
 * width] to [..., time, width]. Feature i and feature i + width / 2 are a point in the plane, turned by t / base^(2i /
 * width) at position t. The width is even. Source: Su et al. (2021).
 */
export function rotary(x: Tensor, { base = BASE, first = 0 }: RotaryOptions = {}): Tensor {
  const [time, width] = lastExtents('rotary', x)
  checkEven('rotary', width)
  const angles = anglesOf(time, width / 2, base, first)
  const half = (from: number) => {
    const starts = x.shape.map((_, axis) => (axis === x.rank - 1 ? from : 0))
    return slice(x, starts, x.shape.with(-1, width / 2))
  }
  const [across, up] = [half(0), half(width / 2)]
  const [cosines, sines] = [cos(angles), sin(angles)]
  return concat([sub(mul(across, cosines), mul(up, sines)), add(mul(up, cosines), mul(across, sines))], -1)
}

const BASE = 10_000

/**
 * position / base^(i / count): [time, count]. By ops, and not by JavaScript's functions, whose last digits differ
 * between machines.
 */
function anglesOf(time: number, count: number, base: number, first = 0): Tensor {
  const exponents = constant(Float32Array.from({ length: count }, (_, i) => -i / count))
  const positions = constant(
    Float32Array.from({ length: time }, (_, i) => first + i),
    [time, 1],
  )
  return mul(positions, exp(mul(exponents, log(constant(base)))))
}

function lastExtents(name: string, x: Tensor): readonly [number, number] {
  const [time, width] = x.shape.slice(-2)
  if (time === undefined || width === undefined) {
    throw new UserError(`${name}: x must be [..., time, width], not ${x.toString()}`)
  }
  return [time, width]
}

function checkEven(name: string, width: number): void {
  if (width % 2 !== 0) throw new UserError(`${name}: the width must be even, not ${width}`)
}
