/** Arrays of files as fields: the first axis counts the rows. Whole numbers are u8 or i32, all others f32. */
import { UserError } from '@gradpool/core'
import { decodeNpy, decodeNpz, decodeForeignSafetensors, type StoredArray } from '@gradpool/storage'
import { parseFields, type FieldInput, type Fields } from '../fields.js'
import { listed, shown } from '../spec-rules.js'
import type { NamedArraysSpec, NpySpec } from './array-files-spec.js'
import { npyField } from './npy-blocks.js'
import { bytesOf, fieldOf } from './stored-array.js'

/** @throws UserError with one sentence that names the file */
export async function readArrayFiles(spec: NpySpec | NamedArraysSpec): Promise<Fields> {
  const fields = spec.kind === 'npy' ? await fieldsOfFiles(spec) : await fieldsOfArchive(spec)
  return parseFields(Object.fromEntries(fields), spec.kind, { mayMiss: spec.missing !== undefined })
}

/**
 * The arrays of a file by name, as its ending tells its format: `.npy`, whose only one is called `array`, `.npz` or
 * `.safetensors`. Undefined for a file of another ending.
 *
 * @throws UserError with one sentence that names the file
 */
export async function arraysInFile(path: string): Promise<ReadonlyMap<string, StoredArray> | undefined> {
  if (/\.npy$/i.test(path)) return new Map([['array', decodeNpy(await bytesOf(path), path)]])
  if (/\.npz$/i.test(path)) return arraysOf('npz', path)
  if (/\.safetensors$/i.test(path)) return arraysOf('safetensors', path)
  return undefined
}

async function fieldsOfFiles({ files, missing }: NpySpec): Promise<[string, FieldInput][]> {
  const fields: [string, FieldInput][] = []
  for (const [name, path] of Object.entries(files)) fields.push([name, await npyField(name, path, missing)])
  return fields
}

async function fieldsOfArchive({ kind, path, fields }: NamedArraysSpec): Promise<[string, FieldInput][]> {
  const arrays = await arraysOf(kind, path)
  const names = fields ?? Object.fromEntries([...arrays.keys()].map((name) => [name, name]))
  const taken = Object.entries(names).map(([name, own]): [string, FieldInput] => {
    const array = arrays.get(own)
    if (array !== undefined) return [name, fieldOf(array, `${shown(own)} of ${path}`)]
    throw new UserError(`${path} has no array ${shown(own)}; its arrays are ${listed([...arrays.keys()])}`)
  })
  if (taken.length === 0) throw new UserError(`${path} has no arrays`)
  return taken
}

async function arraysOf(kind: NamedArraysSpec['kind'], path: string): Promise<ReadonlyMap<string, StoredArray>> {
  const bytes = await bytesOf(path)
  if (kind === 'npz') return decodeNpz(bytes, path)
  return decodeForeignSafetensors(bytes, path).tensors
}
