/** Models that are plain data, JSON too, and whose shapes follow from the data that they are trained on. */
import { type Batch, type DType, type Model, type ModelTypes, type Tensor, UserError } from '@gradpool/core'
import { balancedWeights } from '../losses/class-weights.js'
import { type FieldStatistics, type ModelData, sizeOf } from '@gradpool/core/engine'

/**
 * A model whose enumerable properties are its options alone, so that it is data wherever that is wanted.
 *
 * @param build Makes the model for data of these shapes.
 */
export function readyModel<O extends object, T extends ModelTypes>(
  options: O,
  build: (data: ModelData) => Model<T>,
): Readonly<O> & Model<T> {
  const forData: Model['forData'] = (data) => build(data).forData(data)
  return Object.freeze(Object.defineProperty({ ...options }, 'forData', { value: forData })) as O & Model<T> // As was just defined.
}

/** The number of pixels, or other features, of one example. */
export function inputOf(data: ModelData, input?: number, field = 'image'): number {
  return input ?? sizeOf(fieldOf(data, field).shape)
}

/** What pixels are multiplied by: bytes come to [0, 1], other numbers stay as they are. */
export function scaleOf(data: ModelData, scale?: number, field = 'image'): number {
  return scale ?? defaultScale(fieldOf(data, field).dtype)
}

/** @throws UserError that lists the fields that there are */
export function fieldOf(data: ModelData, name: string): ModelData['fields'][string] {
  const field = data.fields[name]
  if (field === undefined) throw lacking(data, `the field '${name}'`)
  return field
}

/** Of a batch whose fields are named by an option. */
export function tensorOf(batch: Batch<string>, field: string): Tensor {
  const tensor = batch[field]
  if (tensor === undefined) throw new UserError(`this model needs the field '${field}'`)
  return tensor
}

/** @throws UserError where the training rows are not there */
export function statisticsFor({ statistics }: ModelData, field: string): FieldStatistics {
  if (statistics !== undefined) return statistics(field)
  throw new UserError(`standardize needs the training rows of '${field}', which are not there: give standardize: false`)
}

/** How many classes the labels are of. */
export function classesOf(data: ModelData, given?: number): number {
  const { label } = data.fields
  const oneHot = label?.dtype === 'f32' && label.shape.length === 1 ? label.shape[0] : undefined
  const classes = given ?? data.classes ?? oneHot
  if (label === undefined) throw lacking(data, "the field 'label'")
  if (classes === undefined) {
    throw lacking(data, 'labels that are u8 or i32, one from 0 on for each example, or `classes`')
  }
  return classes
}

/**
 * What each class counts for in the loss of a training.
 *
 * @throws UserError where there are other numbers of classes, or the training rows are not there
 */
export function classWeightsFor(
  { classCounts }: ModelData,
  classes: number,
  given: 'balanced' | readonly number[] | undefined,
): readonly number[] | undefined {
  if (given === undefined) return undefined
  if (given === 'balanced' && classCounts === undefined) {
    throw new UserError("classWeights: 'balanced' needs the training rows, which are not there: give the weights")
  }
  // Of classes beyond those that have rows, there are none to count.
  const found = given === 'balanced' ? classCounts?.() : undefined
  const counts = Array.from({ length: classes }, (_, i) => found?.[i] ?? 0)
  const weights = given === 'balanced' ? balancedWeights(counts) : given
  if (weights.length === classes) return weights
  throw new UserError(`classWeights must be one for each of ${classes} classes, not ${weights.length}`)
}

/** Of the images. */
export function imageShapeOf(
  data: ModelData,
  given?: readonly [height: number, width: number],
): readonly [height: number, width: number] {
  const imageShape = given ?? data.imageShape
  if (imageShape === undefined) {
    throw lacking(data, "the field 'image', bytes of shape [height, width], or `imageShape`")
  }
  return imageShape
}

function defaultScale(dtype: DType): number {
  return dtype === 'u8' ? 1 / 255 : 1
}

function lacking({ fields }: ModelData, what: string): UserError {
  const known = Object.entries(fields).map(([field, { dtype, shape }]) => `${field} ${dtype}[${shape.join(', ')}]`)
  return new UserError(`this model needs ${what}; the fields of the data are ${known.join(', ')}`)
}
