/** Ragged rows as padded fields with their lengths: from memory, JSON lines and objects. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { arrays, jsonl, loadDataset, loadRows, prepareDataset, sequences, stored } from './index.js'
import { tempFolder } from './testing/temp-folder.js'
import { userErrorOf } from './testing/user-errors.js'

const rows = [[3, 1, 2], [5], [7, 8]]

describe('sequences', () => {
  it('are padded with zeros to the longest, with their lengths', () => {
    expect(sequences({ x: rows })).toEqual({
      x: { dtype: 'f32', shape: [3], values: Float32Array.of(3, 1, 2, 5, 0, 0, 7, 8, 0) },
      length: { dtype: 'i32', shape: [], values: Int32Array.of(3, 1, 2) },
    })
  })

  it('are of a type and a length that are asked for, and cut at the end', () => {
    const types = { tokens: 'i32', bytes: 'u8' } as const
    const bytes = rows.map((row) => Uint8Array.from(row))
    expect(sequences({ tokens: rows, bytes }, { types, maxLength: 2 })).toEqual({
      tokens: { dtype: 'i32', shape: [2], values: Int32Array.of(3, 1, 5, 0, 7, 8) },
      bytes: { dtype: 'u8', shape: [2], values: Uint8Array.of(3, 1, 5, 0, 7, 8) },
      length: { dtype: 'i32', shape: [], values: Int32Array.of(2, 1, 2) },
    })
    expect(sequences({ x: rows }, { maxLength: 5 }).x?.shape).toEqual([5])
  })

  it('may have several numbers a step', () => {
    const points = [[[1, 2]], [[3, 4], Float32Array.of(5, 6)]]
    const { x, length } = sequences({ x: points })
    expect(x).toEqual({ dtype: 'f32', shape: [2, 2], values: Float32Array.of(1, 2, 0, 0, 3, 4, 5, 6) })
    expect(length?.values).toEqual(Int32Array.of(1, 2))
  })

  it('grow to any number of values', () => {
    const long = Array.from({ length: 70 }, (_, row) => Array.from({ length: row + 1 }, (_, step) => row * step))
    const { x } = sequences({ x: long })
    long.forEach((own, row) => {
      const padded = [...own, ...new Array<number>(69 - row).fill(0)]
      expect([...(x?.values.subarray(70 * row, 70 * row + 70) ?? [])]).toEqual(padded)
    })
  })

  it.each<[() => unknown, string]>([
    [() => sequences({}), 'sequences needs fields, such as { tokens: [[1, 2], [3]] }'],
    [() => sequences({ x: [] }), "sequences: 'x' must be a list of some rows, not []"],
    [() => sequences({ x: rows, y: [[1]] }), "sequences: 'y' must be a list of 3 rows, not [ [Array] ]"],
    [() => sequences({ x: [[1], []] }), "sequences has in row 1, 'x', [], expected a list of numbers"],
    [() => sequences({ x: [[1], [NaN]] }), "sequences has in row 1, 'x', what is no number, expected numbers only"],
    [() => sequences({ x: [[1e39]] }), "sequences has in row 0, 'x', 1e+39, expected numbers only"],
    [() => sequences({ x: [[1], [[2]]] }), "'x', [ 2 ] as step 0, and the first step of all tells of single numbers"],
    [
      () => sequences({ x: [[[1, 2], [3]]] }),
      "'x', [ 3 ] as step 1, and the first step of all tells of lists of 2 numbers",
    ],
    [
      () => sequences({ x: rows, y: [[1], [2], [3]] }),
      "sequences has in row 0, 'y', 1 steps, and 'x' has 3: sequences of a row are of one length",
    ],
    [
      () => sequences({ x: [[0.5]] }, { types: { x: 'i32' } }),
      "'x', 0.5, expected whole numbers from -2147483648 to 2147483647",
    ],
    [() => sequences({ x: [[256]] }, { types: { x: 'u8' } }), "'x', 256, expected whole numbers from 0 to 255"],
    [() => sequences({ x: rows }, { types: { y: 'i32' } }), "sequences: types names 'y', which is no field"],
    [() => sequences({ x: rows }, { maxLength: 0 }), 'sequences: maxLength must be a whole number from 1 to 16777216'],
    [() => sequences({ length: rows }), "sequences: 'length' is the field of the lengths: give the sequences another"],
  ])('%o is refused with a sentence', async (wrong, sentence) => {
    expect(await userErrorOf(wrong)).toContain(sentence)
  })
})

describe('lists in JSON lines', () => {
  const lines = [
    { tokens: [3, 1, 2], stars: 4, kind: 'good' },
    { tokens: [5], stars: 1, kind: 'bad' },
    { tokens: [7, 8], stars: 5, kind: 'good' },
  ]
  const options = { target: 'kind', sequences: { tokens: 'i32' } } as const
  const written = async (some: readonly object[] = lines) => {
    const path = join(await tempFolder(), 'rows.jsonl')
    await writeFile(path, some.map((line) => JSON.stringify(line)).join('\n'))
    return path
  }
  const fields = {
    tokens: { dtype: 'i32', shape: [3], values: Int32Array.of(3, 1, 2, 5, 0, 0, 7, 8, 0) },
    length: { dtype: 'i32', shape: [], values: Int32Array.of(3, 1, 2) },
    label: { dtype: 'i32', shape: [], values: Int32Array.of(1, 0, 1) },
  }

  it('are fields beside the columns, or without any', async () => {
    const path = await written()
    const all = await loadDataset(jsonl(path, options))
    expect(all.fields.train).toEqual({ x: { dtype: 'f32', shape: [1], values: Float32Array.of(4, 1, 5) }, ...fields })
    expect(all.classNames).toEqual(['bad', 'good'])
    const alone = await written(lines.map(({ tokens, kind }) => ({ tokens, kind })))
    expect((await loadDataset(jsonl(alone, options))).fields.train).toEqual(fields)
    const unlabelled = await written(lines.map(({ tokens }) => ({ tokens })))
    const { tokens, length } = fields
    const { fields: own } = await loadDataset(jsonl(unlabelled, { sequences: options.sequences }))
    expect(own.train).toEqual({ tokens, length })
  })

  it('are the same of objects, of arrays, and in a prepared folder', async () => {
    const { hash } = await loadDataset(jsonl(await written(), options))
    expect((await loadRows(lines, options)).hash).toBe(hash)
    const folder = join(await tempFolder(), 'set')
    expect((await prepareDataset(jsonl(await written(), options), folder)).hash).toBe(hash)
    expect((await loadDataset(stored(folder))).hash).toBe(hash)
    const tokens = lines.map((line) => line.tokens)
    const own = {
      ...sequences({ tokens }, { types: { tokens: 'i32' } }),
      x: [4, 1, 5].map((x) => [x]),
      label: Int32Array.of(1, 0, 1),
    }
    const names = { columns: ['stars'], classNames: ['bad', 'good'] }
    expect((await loadDataset(arrays(own, names))).hash).toBe(hash)
  })

  it('go with their rows, where some are left out', async () => {
    const path = await written([...lines.slice(0, 1), { tokens: [9, 9], stars: null, kind: 'bad' }, ...lines.slice(1)])
    const { fields: read } = await loadDataset(jsonl(path, { ...options, missing: 'drop' }))
    expect(read.train.tokens).toEqual(fields.tokens)
  })

  it('of validation rows in a file of their own are of the same length where that is said', async () => {
    const other = await written([{ tokens: [1, 2], stars: 3, kind: 'good' }])
    const of = (maxLength?: number) => {
      const own = { ...options, ...(maxLength !== undefined && { maxLength }) }
      return loadDataset(jsonl(path, { ...own, validation: jsonl(other, own) }))
    }
    const path = await written()
    expect(await userErrorOf(() => of())).toContain("have 'tokens' as i32[2], the training has i32[3]")
    expect((await of(4)).splits.validation?.fields.tokens?.values).toEqual(Int32Array.of(1, 2, 0, 0))
  })

  it.each<[object, string]>([
    [{ tokens: 'a b', stars: 1, kind: 'bad' }, "has in line 4, 'tokens', 'a b', expected a list of numbers"],
    [{ stars: 1, kind: 'bad' }, "has no 'tokens' in line 4, expected a list of numbers"],
    [{ tokens: [1.5], stars: 1, kind: 'bad' }, "has in line 4, 'tokens', 1.5, expected whole numbers"],
    [{ tokens: [1], other: 1, stars: 1, kind: 'bad' }, "has 'other' in line 4, which the first line has not"],
  ])('%j is told by its line', async (line, sentence) => {
    const path = await written([...lines, line])
    expect(await userErrorOf(() => loadDataset(jsonl(path, options)))).toContain(sentence)
  })

  it('are options that fit each other', async () => {
    const wrong = (own: Parameters<typeof jsonl>[1]) => userErrorOf(() => jsonl('a.jsonl', own))
    expect(await wrong({ maxLength: 3 })).toContain('jsonl.sequences is missing, it must be a record of types')
    expect(await wrong({ sequences: {} })).toContain(
      "jsonl.sequences must be a record of types, such as { tokens: 'i32' }",
    )
    expect(await wrong({ sequences: { a: 'i32' }, target: 'a' })).toContain(
      'other names than those of columns and target',
    )
  })
})
