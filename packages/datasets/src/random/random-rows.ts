import { fillUniform, purposeOf, sizeOf, type Field } from '@gradpool/core/engine'
import { mapped, type Fields } from '../fields.js'
import type { RandomField, RandomSpec } from './random-spec.js'

/**
 * Rows that depend on the seed, the name of the field and their number alone: more of them begin with the same ones.
 */
export function randomRows({ rows, fields, seed }: RandomSpec): Fields {
  return mapped(fields, (field, name) => filled(field, rows, seed, purposeOf(`data ${name}`)))
}

const listOf = {
  u8: (length: number) => new Uint8Array(length),
  i32: (length: number) => new Int32Array(length),
  f32: (length: number) => new Float32Array(length),
}

function filled({ dtype, shape, below }: RandomField, rows: number, seed: number, purpose: number): Field {
  const draws = new Float32Array(sizeOf(shape))
  const values = listOf[dtype](rows * draws.length)
  for (let row = 0; row < rows; row++) {
    fillUniform(draws, seed, purpose, row)
    // Fractions are cut off by lists of whole numbers.
    for (const [i, draw] of draws.entries()) values[row * draws.length + i] = draw * below
  }
  return fieldOf(values, shape)
}

function fieldOf(values: Uint8Array | Int32Array | Float32Array, shape: readonly number[]): Field {
  if (values instanceof Uint8Array) return { dtype: 'u8', shape, values }
  return values instanceof Int32Array ? { dtype: 'i32', shape, values } : { dtype: 'f32', shape, values }
}
