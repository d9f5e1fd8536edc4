import { describe, expect, it } from 'vitest'
import { idxFolder, mnist, parseDataSpec } from './spec.js'
import { userErrorOf } from './testing/user-errors.js'

const defaults = { labelled: 1, validation: 1000, splitSeed: 0 }
const x = { values: [1, 2, 3], shape: [] }

describe('a spec', () => {
  it('is plain JSON with every default written out', () => {
    expect(mnist()).toEqual({ kind: 'mnist', ...defaults })
    expect(mnist({ labelled: 0.01, directory: 'data' })).toEqual({
      ...defaults,
      kind: 'mnist',
      labelled: 0.01,
      directory: 'data',
    })
    expect(idxFolder({ directory: 'fashion' }).validation).toBe(0.1)
    const folder = idxFolder({ directory: 'fashion', validation: 0, splitSeed: 4294967295 })
    expect(folder).toEqual({
      kind: 'idxFolder',
      directory: 'fashion',
      classes: 10,
      labelled: 1,
      validation: 0,
      splitSeed: 4294967295,
    })
    expect(parseDataSpec(JSON.parse(JSON.stringify(folder)))).toEqual(folder)
  })

  it.each([
    [{ labelled: 0 }, 'data.labelled must be a number above 0 and at most 1, not 0'],
    [{ labelled: 1.01 }, 'data.labelled must be a number above 0 and at most 1, not 1.01'],
    [{ labelled: '1 %' }, "data.labelled must be a number above 0 and at most 1, not '1 %'"],
    [{ labelled: null }, 'data.labelled must be a number above 0 and at most 1, not null'],
    [
      { validation: -1 },
      'data.validation must be a share between 0 and 1 or a whole number from 0 to 2147483647, not -1',
    ],
    [{ splitSeed: 0.5 }, 'data.splitSeed must be a whole number from 0 to 4294967295, not 0.5'],
    [{ directory: '' }, "data.directory must be the path of a folder, not ''"],
    [
      { kind: 'cifar' },
      "data.kind must be 'mnist', 'idxFolder', 'arrays', 'csv', 'tsv', 'jsonl', 'parquet', 'sql', 'npy', 'npz', 'safetensors', 'imageFolder', 'text', 'random' or 'stored', not 'cifar'",
    ],
    [{ kind: 'idxFolder', directory: 'x', classes: 0 }, 'data.classes must be a whole number from 1'],
    [{ labeled: 0.01 }, "data has no field 'labeled'; its fields are kind, labelled, validation"],
    [{ classes: 10 }, "data has no field 'classes'"],
    [{ kind: 'arrays' }, 'data.fields is missing, it must be fields such as { x: { values, shape } }'],
    [
      { kind: 'arrays', fields: { x }, validaton: 0.1 },
      "data has no field 'validaton'; its fields are kind, name, fields, columns, categories, unknown, missing, classNames, labelled, validation, test, splitBy, splitSeed",
    ],
    [
      { kind: 'arrays', fields: { x }, test: 1.5 },
      'data.test must be a share between 0 and 1 or a whole number from 0 to 2147483647, or data, not 1.5',
    ],
    [{ kind: 'arrays', fields: { x }, test: { x: 1 } }, 'data.test.x must be a list of rows, or { values, shape }'],
  ])('refuses %o', async (fields, complaint) => {
    expect(await userErrorOf(() => parseDataSpec({ kind: 'mnist', ...fields }))).toContain(complaint)
  })

  it('refuses what is no object, and a folder without a name', async () => {
    for (const value of ['mnist', 3, null, []]) {
      expect(await userErrorOf(() => parseDataSpec(value))).toContain('data must be an object such as')
    }
    expect(await userErrorOf(() => parseDataSpec({ kind: 'idxFolder' }))).toContain(
      'data.directory is missing, it must be the path of a folder',
    )
  })

  it('names the function that was called', async () => {
    expect(await userErrorOf(() => mnist({ labelled: 2 }))).toContain('mnist.labelled must be')
    expect(await userErrorOf(() => idxFolder({ directory: '' }))).toContain('idxFolder.directory')
  })
})
