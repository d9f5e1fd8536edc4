/** What files of NumPy are taken as, as plain JSON. */
import { arrayNamesFields, arrayNamesOf, type ArrayNames } from '../array-names.js'
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../rows-split.js'
import { fieldsTaken, isObject, textRule, type Rule } from '../spec-rules.js'

export interface NpySpec<H = unknown> extends RowsSplit<H>, ArrayNames {
  readonly kind: 'npy'
  /** Names of fields, each with the path of its file. */
  readonly files: Readonly<Record<string, string>>
}

export interface NpzSpec<H = unknown> extends RowsSplit<H>, ArrayNames {
  readonly kind: 'npz'
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
export function numpySpec<H>(kind: 'npy', value: object, taking: HeldOutTaking<H>): NpySpec<H>
export function numpySpec<H>(kind: 'npz', value: object, taking: HeldOutTaking<H>): NpzSpec<H>
export function numpySpec<H>(kind: 'npy' | 'npz', value: object, taking: HeldOutTaking<H>): NpySpec<H> | NpzSpec<H> {
  const { where } = taking
  const own = kind === 'npy' ? ['files'] : ['path', 'fields']
  const known = ['kind', ...own, ...arrayNamesFields, ...rowsSplitFields]
  const taker = fieldsTaken(value, where, known, `an object such as ${kind}() returns`)
  const split = { ...arrayNamesOf(taker), ...rowsSplitOf(taker, taking) }
  if (kind === 'npy') return { kind, files: taker.take('files', filesRule), ...split }
  const path = taker.take('path', textRule('the path of a file'))
  const fields = taker.get('fields') === undefined ? {} : { fields: taker.take('fields', arraysRule) }
  return { kind, path, ...fields, ...split }
}
