/** A network that others trained, frozen: it makes numbers of each row of a field, for a small model to learn from. */
import { UserError, type Shape } from '@gradpool/core'
import { createSha256, MAX_OWN_NAME_LENGTH, nameProblem, type EncoderNames, type Field } from '@gradpool/core/engine'
import { shown } from '../spec-rules.js'

/** Numbers of some rows, row by row. */
export interface Encoded {
  /** Of a row. */
  readonly shape: Shape
  readonly values: Float32Array
}

export interface Encoder extends EncoderNames {
  /** The most rows of a call. */
  readonly batchSize: number
  /** @throws UserError with one sentence for rows that it does not take */
  readonly encode: (rows: Field) => Promise<Encoded>
}

export interface EncoderOptions {
  /** The field that it reads. Default: `image`. */
  readonly from?: string
  /** The field that it makes. Default: `x`. */
  readonly to?: string
  /** The most rows of a call. Default: 32. */
  readonly batchSize?: number
}

/**
 * An encoder of one's own: a function of a field's rows.
 *
 * @param version A text that changes whenever its numbers would: they are kept under its hash.
 * @throws UserError for names of fields that are none
 */
export function customEncoder(
  version: string,
  encode: (rows: Field) => Promise<Encoded> | Encoded,
  options: EncoderOptions = {},
): Encoder {
  const { batchSize, ...fields } = checkedOptions('customEncoder', options)
  const hash = hashOf(['custom', version, fields])
  return { ...fields, hash, batchSize, encode: async (rows) => encode(rows) }
}

export function checkedOptions(where: string, { from = 'image', to = 'x', batchSize = 32 }: EncoderOptions) {
  for (const name of [from, to]) {
    const problem = nameProblem(name, MAX_OWN_NAME_LENGTH)
    if (problem !== undefined) throw new UserError(`${where}: '${name}' ${problem}`)
  }
  if (Number.isInteger(batchSize) && batchSize >= 1) return { from, to, batchSize }
  throw new UserError(`${where}: batchSize must be a whole number of at least 1, not ${shown(batchSize)}`)
}

export function hashOf(parts: unknown): string {
  return createSha256().update(JSON.stringify(parts)).digest()
}
