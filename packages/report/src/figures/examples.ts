/** The test examples that a stage's figures are of. */
import type { Values } from '@gradpool/core'
import { flopsOf, shuffled, sizeOf, type Split, type StateValues } from '@gradpool/core/engine'
import { inMemory } from '@gradpool/datasets'
import type { SavedPrediction } from '@gradpool/storage'
import { Predictor, rowsOf } from '@gradpool/trainer'
import { pngUrl } from './png.js'
import type { ImageOf, PngUrl } from './stage-figures.js'

/** What a stage was tested on, and what its numbers are called. */
export interface FigureData {
  readonly test: Split
  readonly imageShape?: readonly [height: number, width: number] | undefined
  readonly classNames?: readonly string[] | undefined
  readonly target?: string | undefined
}

/** Operations of all predictions together: a few seconds on one core. */
const MOST_WORK = 5e9
const MOST_EXAMPLES = 20_000
const MOST_BYTES = 2 ** 24
const FEWEST_EXAMPLES = 200

/** Of a test, some rows or all, in a seeded order, with all that a model predicts of them. */
export interface Examples {
  readonly count: number
  readonly seed: number
  readonly image: (ImageOf & { readonly channels: 1 | 3 }) | null
  /** Of a field, with how many numbers it has for an example; undefined where there is none. */
  readonly field: (name: string) => { readonly values: Values; readonly size: number } | undefined
  /** The field `image`, where it has bytes, or the same from 0 to 255 by a model. */
  readonly images: Values | undefined
  /** What the model predicts, by name, with how many numbers each has for an example. */
  readonly predicted: ReadonlyMap<string, { readonly values: Values; readonly size: number }>
  readonly classNames: readonly string[] | undefined
  readonly target: string | undefined
}

/** Undefined where the test lacks a field that the model reads. */
export async function examplesOf(
  prediction: SavedPrediction,
  states: StateValues,
  { test, imageShape, classNames, target }: FigureData,
  seed: number,
): Promise<Examples | undefined> {
  const { fields, outputs, row } = prediction
  if (fields.some(({ name }) => test.fields[name] === undefined)) return undefined
  const affordable = Math.max(FEWEST_EXAMPLES, Math.floor(MOST_WORK / Math.max(1, flopsOf(row))))
  const bytes = outputs.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  const fitting = Math.max(FEWEST_EXAMPLES, Math.floor(MOST_BYTES / Math.max(1, bytes)))
  const count = Math.min(test.rows.length, MOST_EXAMPLES, affordable, fitting)
  if (count === 0) return undefined
  const some = inMemory({ ...test, rows: shuffled(test.rows, seed, 0).slice(0, count) })
  const copies = new Map<string, Values>()
  /** Of these rows, copied once. */
  const valuesOf = (name: string): Values | undefined => {
    const field = some.fields[name]
    const values = copies.get(name) ?? (field && rowsOf(field, some.rows))
    if (values !== undefined) copies.set(name, values)
    return values
  }
  const predictor = await Predictor.create(prediction, states)
  try {
    const given = fields.flatMap(({ name }) => {
      const values = valuesOf(name)
      return values === undefined ? [] : [[name, values] as const]
    })
    const found = await predictor.predict(Object.fromEntries(given))
    const predicted = new Map(
      outputs.flatMap(({ name }) => {
        const values = found[name]
        return values === undefined ? [] : [[name, { values, size: values.length / count }] as const]
      }),
    )
    const field = some.fields.image
    const image = field?.dtype === 'u8' ? imageOf(field.shape, imageShape) : null
    return {
      count,
      seed,
      image,
      field(name) {
        const values = valuesOf(name)
        return values && { values, size: values.length / count }
      },
      images: image === null ? undefined : valuesOf('image'),
      predicted,
      classNames,
      target,
    }
  } finally {
    await predictor.dispose()
  }
}

function imageOf(shape: readonly number[], told: readonly [number, number] | undefined): Examples['image'] {
  const [height = 0, width = 0, channels = 1, ...more] = shape
  if (shape.length >= 2 && more.length === 0) {
    return channels === 1 || channels === 3 ? { height, width, channels } : null
  }
  return told && told[0] * told[1] === height ? { height: told[0], width: told[1], channels: 1 } : null
}

/** The image of an example among values that have one after the other; null where examples are no images. */
export function imageAt({ image }: Examples, values: Values | undefined, at: number): PngUrl | null {
  if (image === null || values === undefined) return null
  const size = image.height * image.width * image.channels
  return pngUrl({ ...image, values: values.subarray(at * size, (at + 1) * size) })
}

/** The class of each example; undefined where they have none. */
export function labelsOf(examples: Examples): Int32Array | undefined {
  const labels = examples.field('label')
  return labels?.size === 1 ? Int32Array.from(labels.values) : undefined
}

/** Names of classes, where there are none their numbers. */
export function classesFor({ classNames }: Examples, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => classNames?.[at] ?? String(at))
}
