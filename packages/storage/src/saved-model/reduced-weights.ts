/**
 * Weights in fewer bits than 32, for smaller files. Reading gives f32 again: the nearest numbers that the file can say.
 *
 * - `f16`: each weight is the nearest number of IEEE 754 binary16, ties to even.
 * - `i8`: w ≈ scale · q with q from -127 to 127, symmetric around 0, and one scale for each output channel, which is
 *   the last axis: scale = max |w| / 127, q = w / scale rounded to the nearest. The rule is that of LiteRT
 *   (https://ai.google.dev/edge/litert/models/quantization_spec), from Krishnamoorthi, Quantizing deep convolutional
 *   networks for efficient inference, 2018 (https://arxiv.org/abs/1806.08342, 3.1 and 3.2).
 *
 * Only arrays of two axes or more are reduced: matrices, filters, tables of embeddings. Vectors, such as biases and the
 * statistics of norms, are few numbers, and stay f32.
 */
import { UserError, type Shape } from '@gradpool/core'
import { sameShape } from '@gradpool/core/engine'
import { halfBits, numberTypes, readNumbers, type NamedArray, type StoredArray } from '../number-types.js'
import type { PackedArray } from '../safetensors.js'

/** How matrices and filters are stored. */
export type ReducedWeights = 'f16' | 'i8'

export const reducedWeights: readonly ReducedWeights[] = ['f16', 'i8']

const MOST_I8 = 127
const MOST_F16 = 65504

/** The tensor that has the scales of an array, `[1, …, 1, outputs]`. */
const scaleOf = (name: string) => `${name}/scale`

export interface Reduced {
  /** What the file has. */
  readonly stored: ReadonlyMap<string, NamedArray | PackedArray>
  /** What reading it gives. */
  readonly read: ReadonlyMap<string, NamedArray>
}

/** @throws UserError for the states of an optimizer, and for a weight that the type does not have */
export function reduceWeights(states: ReadonlyMap<string, NamedArray>, type: ReducedWeights): Reduced {
  const stored = new Map<string, NamedArray | PackedArray>()
  const read = new Map<string, NamedArray>()
  for (const [name, array] of states) {
    if (name.startsWith('optimizer/')) {
      throw new UserError(
        `the optimizer's states belong to weights of f32, so they are not saved with weights of ${type}`,
      )
    }
    if (array.shape.length < 2) {
      stored.set(name, array)
      read.set(name, array)
      continue
    }
    checkRange(name, array, type)
    if (type === 'f16') {
      const bytes = halvesOf(array.values)
      stored.set(name, { shape: array.shape, type: 'F16', bytes })
      read.set(name, { shape: array.shape, values: readNumbers(bytes, numberTypes.F16) })
    } else {
      const { steps, scale } = stepsOf(array)
      stored.set(name, { shape: array.shape, type: 'I8', bytes: new Uint8Array(steps.buffer) })
      stored.set(scaleOf(name), scale)
      read.set(name, { shape: array.shape, values: scaled(steps, scale.values) })
    }
  }
  return { stored, read }
}

/**
 * The arrays that tensors of a file stand for. Undefined where these are not what a file of such weights has.
 *
 * @param type undefined for weights that are not reduced
 */
export function restoreWeights(
  tensors: ReadonlyMap<string, StoredArray>,
  type: ReducedWeights | undefined,
): ReadonlyMap<string, NamedArray> | undefined {
  const own = type === 'f16' ? 'F16' : type === 'i8' ? 'I8' : undefined
  const states = new Map<string, NamedArray>()
  const used = new Set<string>()
  for (const [name, { shape, values, type: found }] of tensors) {
    if (found !== 'F32' && (found !== own || shape.length < 2)) return undefined
    if (found !== 'I8') {
      states.set(name, { shape, values })
      continue
    }
    const scale = tensors.get(scaleOf(name))
    if (scale?.type !== 'F32' || !sameShape(scale.shape, scaleShape(shape))) return undefined
    used.add(scaleOf(name))
    states.set(name, { shape, values: scaled(values, scale.values) })
  }
  for (const name of used) states.delete(name)
  return states
}

function checkRange(name: string, { values }: NamedArray, type: ReducedWeights): void {
  const most = type === 'f16' ? MOST_F16 : Number.MAX_VALUE
  const wrong = values.find((value) => !(Math.abs(value) <= most))
  if (wrong !== undefined)
    throw new UserError(`the weights '${name}' have ${wrong}, so they cannot be saved as ${type}`)
}

/** Little-endian. */
function halvesOf(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 2)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => view.setUint16(index * 2, halfBits(value), true))
  return bytes
}

function stepsOf({ shape, values }: NamedArray): { readonly steps: Int8Array; readonly scale: NamedArray } {
  const outputs = shape.at(-1) ?? 1
  const largest = new Float32Array(outputs)
  values.forEach((value, index) => {
    const channel = index % outputs
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(value))
  })
  const scales = largest.map((most) => most / MOST_I8)
  const steps = Int8Array.from(values, (value, index) => {
    const scale = scales[index % outputs] ?? 0
    const size = scale === 0 ? 0 : Math.min(MOST_I8, Math.round(Math.abs(value) / scale))
    return value < 0 ? -size : size
  })
  return { steps, scale: { shape: scaleShape(shape), values: scales } }
}

function scaled(steps: ArrayLike<number>, scales: Float32Array): Float32Array {
  return Float32Array.from(steps, (step, index) => step * (scales[index % scales.length] ?? 0))
}

/** So that libraries broadcast it. */
function scaleShape(shape: Shape): Shape {
  return shape.map((extent, axis) => (axis === shape.length - 1 ? extent : 1))
}
