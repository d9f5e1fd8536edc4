/** What files of NumPy are taken as, as plain JSON. */
import { fieldsTaken, isObject, splitSeedRule, textRule, type Rule } from '../spec-rules.js'

interface NumpySplit<H> {
  readonly validation: H
  readonly test: H
  /** Which rows a share or a number takes. */
  readonly splitSeed: number
}

export interface NpySpec<H = unknown> extends NumpySplit<H> {
  readonly kind: 'npy'
  /** Names of fields, each with the path of its file. */
  readonly files: Readonly<Record<string, string>>
}

export interface NpzSpec<H = unknown> extends NumpySplit<H> {
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
const splitFields = ['validation', 'test', 'splitSeed']

interface Taking<H> {
  readonly where: string
  /** Checks `validation` and `test`. */
  readonly heldOut: (value: unknown, where: string) => H
}

export function numpySpec<H>(kind: 'npy', value: object, taking: Taking<H>): NpySpec<H>
export function numpySpec<H>(kind: 'npz', value: object, taking: Taking<H>): NpzSpec<H>
export function numpySpec<H>(kind: 'npy' | 'npz', value: object, taking: Taking<H>): NpySpec<H> | NpzSpec<H> {
  const { where, heldOut } = taking
  const own = kind === 'npy' ? ['files'] : ['path', 'fields']
  const taker = fieldsTaken(value, where, ['kind', ...own, ...splitFields], `an object such as ${kind}() returns`)
  const split = {
    validation: heldOut(taker.get('validation') ?? 0, `${where}.validation`),
    test: heldOut(taker.get('test') ?? 0, `${where}.test`),
    splitSeed: taker.take('splitSeed', splitSeedRule),
  }
  if (kind === 'npy') return { kind, files: taker.take('files', filesRule), ...split }
  const path = taker.take('path', textRule('the path of a file'))
  const fields = taker.get('fields') === undefined ? {} : { fields: taker.take('fields', arraysRule) }
  return { kind, path, ...fields, ...split }
}
