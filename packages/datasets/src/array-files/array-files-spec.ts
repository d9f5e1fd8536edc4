/** What files of arrays are taken as, as plain JSON: NumPy's, and safetensors. */
import { arrayNamesFields, arrayNamesOf, type ArrayNames } from '../array-names.js'
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../splits/rows-split.js'
import { fieldsTaken, isObject, textRule, type Rule } from '../spec-rules.js'

/** One array a file. */
export interface NpySpec<H = unknown> extends RowsSplit<H>, ArrayNames {
  readonly kind: 'npy'
  /** Names of fields, each with the path of its file. */
  readonly files: Readonly<Record<string, string>>
}

/** Several arrays by name in one file. */
export interface NamedArraysSpec<H = unknown> extends RowsSplit<H>, ArrayNames {
  readonly kind: 'npz' | 'safetensors'
  readonly path: string
  /** Names of fields, each with that of its array. Default: every array, by its own name. */
  readonly fields?: Readonly<Record<string, string>>
}

function textsRule(expected: string): Rule<Readonly<Record<string, string>>> {
  return {
    expected,
    accepts: (value): value is Readonly<Record<string, string>> =>
      isObject(value) &&
      Object.keys(value).length > 0 &&
      Object.values(value).every((text) => typeof text === 'string' && text !== ''),
  }
}

const filesRule = textsRule("names of fields with paths of files, such as { x: 'x.npy' }")
const arraysRule = textsRule("names of fields with names of arrays, such as { x: 'arr_0' }")

export function npySpec<H>(value: object, taking: HeldOutTaking<H>): NpySpec<H> {
  const taker = takerOf('npy', ['files'], value, taking)
  return { kind: 'npy', files: taker.take('files', filesRule), ...arrayNamesOf(taker), ...rowsSplitOf(taker, taking) }
}

export function namedArraysSpec<H>(
  kind: NamedArraysSpec['kind'],
  value: object,
  taking: HeldOutTaking<H>,
): NamedArraysSpec<H> {
  const taker = takerOf(kind, ['path', 'fields'], value, taking)
  const path = taker.take('path', textRule('the path of a file'))
  const fields = taker.get('fields') === undefined ? {} : { fields: taker.take('fields', arraysRule) }
  return { kind, path, ...fields, ...arrayNamesOf(taker), ...rowsSplitOf(taker, taking) }
}

function takerOf(kind: string, own: readonly string[], value: object, { where }: HeldOutTaking<unknown>) {
  const known = ['kind', ...own, ...arrayNamesFields, ...rowsSplitFields]
  return fieldsTaken(value, where, known, `an object such as ${kind}() returns`)
}
