/** Data of one's own: the types of its fields, and its rows, some at a time. */
import { UserError, type DType, type Shape } from '@gradpool/core'
import { threadMemory, type Field } from '@gradpool/core/engine'
import type { Dataset } from '../dataset.js'
import { mapped, parseFields, rowsOf, typeText, type FieldInput, type Fields } from '../fields.js'
import { loadDataset } from '../load.js'
import { isObject, shown } from '../spec-rules.js'
import { arrays, type ArraysOptions } from '../spec.js'

export interface FieldType {
  readonly dtype: DType
  /** Of a row. */
  readonly shape: Shape
}

/** As many rows of each field, one after the other. */
export type RowBlock = Readonly<Record<string, FieldInput['values']>>

export interface FieldSource {
  fields(): Readonly<Record<string, FieldType>>
  /** The next rows are not asked for before the last are taken. */
  read(): Iterable<RowBlock> | AsyncIterable<RowBlock>
}

export function isFieldSource(value: unknown): value is FieldSource {
  if (!isObject(value)) return false
  const { fields, read }: { readonly fields?: unknown; readonly read?: unknown } = value
  return typeof fields === 'function' && typeof read === 'function'
}

/**
 * All rows of a source, in memory. `prepareDataset` takes a source of any size.
 *
 * @throws UserError with one sentence for rows that are not as `fields` says, and what the source throws
 */
export async function loadSource(source: FieldSource, options: ArraysOptions = {}): Promise<Dataset> {
  const blocks: Fields[] = []
  for await (const block of blocksOf(source)) {
    blocks.push(mapped(block, (field) => ({ ...field, values: field.values.slice() })))
  }
  const types = source.fields()
  const fields = mapped(types, (type, name) => ({ shape: type.shape, values: joined(blocks, name) }))
  return loadDataset(arrays(fields, options))
}

/** The rows of a source, some at a time, checked; their memory may be used again by the source. */
export async function* blocksOf(source: FieldSource): AsyncGenerator<Fields> {
  const types = source.fields()
  const names = Object.keys(types)
  let numRows = 0
  for await (const block of source.read()) {
    const given: unknown = block
    if (!isObject(given)) throw new UserError(`read() gives ${shown(given)}, expected rows of ${names.join(', ')}`)
    const other = [...names, ...Object.keys(given)].find((name) => !(name in given) || !(name in types))
    if (other !== undefined) {
      throw new UserError(
        `read() gives the fields ${Object.keys(given).join(', ')}, and fields() says ${names.join(', ')}`,
      )
    }
    const where = `from row ${numRows} on, read()`
    const fields = parseFields(
      mapped(block, (values, name) => ({ values: typed(values, types[name]?.dtype), shape: types[name]?.shape })),
      where,
    )
    for (const [name, { dtype, shape }] of Object.entries(types)) {
      const found = fields[name]
      if (found?.dtype === dtype) continue
      throw new UserError(
        `${where} gives ${name} as ${found ? typeText(found) : 'nothing'}, and fields() says ${typeText({ dtype, shape })}`,
      )
    }
    yield fields
    numRows += Object.values(fields).map(rowsOf)[0] ?? 0
  }
  if (numRows === 0) throw new UserError('read() gives no rows')
}

/** Lists of numbers become what the field is. */
function typed(values: FieldInput['values'], dtype: DType | undefined): FieldInput['values'] {
  if (!Array.isArray(values) || dtype === 'f32') return values
  const numbers = values as readonly number[]
  const made = dtype === 'u8' ? Uint8Array.from(numbers) : Int32Array.from(numbers)
  return made.every((value, at) => value === numbers[at]) ? made : values
}

function joined(blocks: readonly Fields[], name: string): Field['values'] {
  const parts = blocks.flatMap((block) => block[name]?.values ?? [])
  const [first] = parts
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  const memory = threadMemory(size * (first?.BYTES_PER_ELEMENT ?? 1))
  const values =
    first instanceof Uint8Array
      ? new Uint8Array(memory)
      : first instanceof Int32Array
        ? new Int32Array(memory)
        : new Float32Array(memory)
  let at = 0
  for (const part of parts) {
    values.set(part, at)
    at += part.length
  }
  return values
}
