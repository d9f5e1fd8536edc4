/**
 * First values of parameters, as data. Values come from the counter-based generator, keyed by (seed, parameter name),
 * so a parameter starts from the same values whatever else the model holds.
 */
import { sizeOf, type Shape } from '../program/dtype.js'
import { UserError } from '../errors.js'
import { fillNormal, fillUniform, purposeOf } from './random.js'

export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }

/** Begins as another state of the Program does, drawn or given. */
export interface SameAs {
  readonly kind: 'sameAs'
  readonly state: string
}

/** What a state begins with. */
export type FirstValue = Initializer | SameAs

/** An initializer that depends on the shape it fills. */
export type ShapedInitializer = (shape: Shape) => Initializer

/** What layers take for their weights: an initializer, a function of the shape, or the name of one. */
export type InitializerLike = Initializer | ShapedInitializer | keyof typeof shapedInitializers

export const zeros: Initializer = Object.freeze({ kind: 'constant', value: 0 })
export const ones: Initializer = Object.freeze({ kind: 'constant', value: 1 })

/**
 * Normal distribution. Default of mean: 0. @throws UserError for what are not finite numbers, or a negative deviation
 */
export function normal(std: number, mean = 0): Initializer {
  if (!Number.isFinite(std) || !Number.isFinite(mean) || std < 0) {
    throw new UserError(`normal: std must be at least 0 and mean a number, not ${String(std)} and ${String(mean)}`)
  }
  return Object.freeze({ kind: 'normal', mean, std })
}

/** Uniform distribution over [low, high). @throws UserError for what are not finite numbers, or are not in order */
export function uniform(low: number, high: number): Initializer {
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high) {
    throw new UserError(`uniform: low and high must be numbers in order, not ${String(low)} and ${String(high)}`)
  }
  return Object.freeze({ kind: 'uniform', low, high })
}

/** Uniform within ±sqrt(6 / (fanIn + fanOut)). Source: Glorot & Bengio (2010). */
export function glorotUniform(shape: Shape): Initializer {
  const { fanIn, fanOut } = fans(shape)
  const limit = Math.sqrt(6 / (fanIn + fanOut))
  return uniform(-limit, limit)
}

/** Normal of standard deviation sqrt(2 / (fanIn + fanOut)). Source: Glorot & Bengio (2010). */
export function glorotNormal(shape: Shape): Initializer {
  const { fanIn, fanOut } = fans(shape)
  return normal(Math.sqrt(2 / (fanIn + fanOut)))
}

/** Uniform within ±sqrt(6 / fanIn), for layers followed by a ReLU. Source: He et al. (2015). */
export function heUniform(shape: Shape): Initializer {
  const limit = Math.sqrt(6 / fans(shape).fanIn)
  return uniform(-limit, limit)
}

/** Normal of standard deviation sqrt(2 / fanIn), for layers followed by a ReLU. Source: He et al. (2015). */
export function heNormal(shape: Shape): Initializer {
  return normal(Math.sqrt(2 / fans(shape).fanIn))
}

const shapedInitializers = { glorotUniform, glorotNormal, heUniform, heNormal } as const

/**
 * The initializer that `like` stands for, for a parameter of this shape.
 *
 * @throws UserError for a name or a kind that is not known.
 */
export function initializerFor(like: InitializerLike, shape: Shape): Initializer {
  if (typeof like === 'function') return like(shape)
  if (typeof like === 'string') {
    if (Object.hasOwn(shapedInitializers, like)) return shapedInitializers[like](shape)
    const names = Object.keys(shapedInitializers).join(', ')
    throw new UserError(`there is no initializer "${like}"; the named ones are ${names}`)
  }
  return like
}

/** The widths that a weight connects: the last two axes, times the extents before them. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [fanOut = 1, fanIn = fanOut, ...window] = shape.toReversed()
  const receptiveField = sizeOf(window)
  return { fanIn: fanIn * receptiveField, fanOut: fanOut * receptiveField }
}

/** Fills an array with the random numbers of step 0 for a seed and a purpose, as `fillUniform` and `fillNormal` do. */
export type Fill = (out: Float32Array, distribution: 'uniform' | 'normal', seed: number, purpose: number) => void

/** In JavaScript. Kernels draw the same numbers, tens of times as fast. */
export const fillHere: Fill = (out, distribution, seed, purpose) =>
  (distribution === 'uniform' ? fillUniform : fillNormal)(out, seed, purpose, 0)

/**
 * The first value of a state: row-major f32 of this shape, drawn for the purpose `name`.
 *
 * Every element is one f32 draw, scaled and shifted with one rounding each.
 */
export function initialValue(initializer: Initializer, shape: Shape, seed: number, name: string): Float32Array {
  const values = new Float32Array(sizeOf(shape))
  drawInto(values, initializer, seed, name, fillHere)
  return values
}

/** The same, into an array of that many elements. */
export function drawInto(values: Float32Array, initializer: Initializer, seed: number, name: string, fill: Fill): void {
  switch (initializer.kind) {
    case 'constant':
      values.fill(initializer.value)
      break
    case 'normal':
      fill(values, 'normal', seed, purposeOf(name))
      scaleAndShift(values, initializer.std, initializer.mean)
      break
    case 'uniform':
      fill(values, 'uniform', seed, purposeOf(name))
      scaleAndShift(values, initializer.high - initializer.low, initializer.low)
  }
}

function scaleAndShift(values: Float32Array, scale: number, shift: number): void {
  const scaleF32 = Math.fround(scale)
  const shiftF32 = Math.fround(shift)
  for (let i = 0; i < values.length; i++) values[i] = Math.fround(scaleF32 * (values[i] ?? 0)) + shiftF32
}
