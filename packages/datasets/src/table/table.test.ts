import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { describe, expect, it, test } from 'vitest'
import { arrays, csv, jsonl, loadDataset, tsv, type CsvOptions } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

async function written(content: string | Uint8Array): Promise<string> {
  const path = join(await tempFolder(), 'table')
  await writeFile(path, content)
  return path
}

/** Values by field, and the names of classes. */
async function read(content: string | Uint8Array, options?: CsvOptions) {
  const { fields, classNames } = await loadDataset(csv(await written(content), options))
  const values = Object.entries(fields.train).map(([name, field]) => [name, [...field.values]] as const)
  return { ...Object.fromEntries<readonly (number | string)[]>(values), ...(classNames && { classNames }) }
}

test('numbers are x, the target is y, and rows are split as arrays are', async () => {
  const path = await written('size,age,price\n52,3,310.5\n75,1,4.2e2\n110,.5,655\n')
  const { fields, splits, columns, classes, hash, name } = await loadDataset(csv(path, { target: 'price', test: 1 }))
  expect(fields.train.x).toEqual({ dtype: 'f32', shape: [2], values: Float32Array.of(52, 3, 75, 1, 110, 0.5) })
  expect(fields.train.y).toEqual({ dtype: 'f32', shape: [], values: Float32Array.of(310.5, 420, 655) })
  expect([columns, classes, name]).toEqual([['size', 'age'], undefined, 'table'])
  const same = await loadDataset(arrays(fields.train, { test: 1 }))
  expect([hash, splits.test?.rows]).toEqual([same.hash, same.splits.test?.rows])
})

/** What the command `zstd` makes of the same, with its checksum. */
const zstd = Buffer.from('28b52ffd0458610000612c620a312c320a332c340ae1b3cb2e', 'hex')
const readsZstd = 'createZstdDecompress' in zlib
const zstdMistakes: [string, Buffer, object, RegExp][] = readsZstd
  ? [
      ['zstd cut short', zstd.subarray(0, 18), {}, /is cut short: its zstd data ends too early$/],
      [
        'zstd with another byte',
        Buffer.from(zstd).fill(0x35, 11, 12),
        {},
        /is damaged: zlib found ".*", expected zstd/,
      ],
      [
        'zstd and more',
        Buffer.concat([zstd, Buffer.from('abc')]),
        {},
        /is damaged|has 3 more bytes after its zstd data/,
      ],
    ]
  : [
      [
        'zstd in an older Node',
        zstd,
        {},
        /is packed by zstd, which Node reads from 22.15 on: unpack it with `zstd -d`$/,
      ],
    ]

test.each<[string, string | Buffer]>([
  ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
  ['no line feed at the end', 'a,b\n1,2\n3,4'],
  ['blank lines', '\n\na,b\n\n1,2\n \n3,4\n\n'],
  ['spaces', ' a , b \n 1 ,\t2\n3,4 \n'],
  ['quotes', '"a","b"\n"1",2\n3,"4"\n'],
  ['a byte order mark', '\ufeffa,b\n1,2\n3,4\n'],
  ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n3,4\n', 'utf16le')],
  ['UTF-16 the other way', Buffer.from('\ufeffa,b\n1,2\n3,4\n', 'utf16le').swap16()],
  ['gzip', zlib.gzipSync('a,b\n1,2\n3,4\n')],
  ...(readsZstd ? [['zstd', zstd] satisfies [string, Buffer]] : []),
])('%s', async (_, content) => {
  await expect(read(content)).resolves.toEqual({ x: [1, 2, 3, 4] })
})

test('names with delimiters, quotes and line feeds', async () => {
  const path = await written('"a, ""b""\nc",d\n1,2\n')
  expect((await loadDataset(csv(path))).columns).toEqual(['a, "b"\nc', 'd'])
  await expect(userErrorOf(() => read('"a\nb",c\n1,2\n3,"x"\n'))).resolves.toMatch(/in line 4, column 'c'/)
})

test('a target of texts is classes, in the order of their names', async () => {
  const table = 'kind,a\nrose,1\naster,2\nrose,3\n'
  await expect(read(table, { target: 'kind' })).resolves.toEqual({
    x: [1, 2, 3],
    label: [1, 0, 1],
    classNames: ['aster', 'rose'],
  })
  const { classes } = await loadDataset(csv(await written(table), { target: 'kind' }))
  expect(classes).toBe(2)
})

test('numbers are classes where that is said', async () => {
  const table = 'a,kind\n1,10\n2,9\n3,1e1\n'
  await expect(read(table, { target: 'kind', classes: true })).resolves.toEqual({
    x: [1, 2, 3],
    label: [1, 0, 1],
    classNames: ['9', '10'],
  })
  const named = { target: 'kind', classes: ['10', '9', '8'] }
  await expect(read(table, named)).resolves.toMatchObject({ label: [0, 1, 0], classNames: ['10', '9', '8'] })
})

test('columns, header and delimiter', async () => {
  const options = { header: ['a', 'city', 'b'], columns: ['b', 'a'], delimiter: ';' }
  await expect(read('1;Oslo;2\n3;Bonn;4\n', options)).resolves.toEqual({ x: [2, 1, 4, 3] })
})

test('missing values', async () => {
  const table = 'a,b,y\n1,,3\nNA,5,6\n7,8,\n9,10,11\n'
  await expect(read(table, { target: 'y', missing: 'drop' })).resolves.toEqual({ x: [9, 10], y: [11] })
  await expect(read('a,b\n1,\n?,4\n', { missing: { value: -1 } })).resolves.toEqual({ x: [1, -1, -1, 4] })
})

test('missing values that a model replaces are NaN', async () => {
  const table = 'a,kind,y\n,x,1\n2,NA,2\n3,y,3\n'
  for (const missing of ['mean', 'median', 'mostFrequent'] as const) {
    await expect(read(table, { target: 'y', missing })).resolves.toEqual({ x: [NaN, 0, 2, NaN, 3, 1], y: [1, 2, 3] })
  }
  const dataset = await loadDataset(csv(await written(table), { target: 'y', missing: 'mean' }))
  expect(dataset).toMatchObject({ missing: 'mean', target: 'y', categories: { kind: ['x', 'y'] } })
  const own = csv(await written('a,kind,y\n,y,1\n4,x,2\n'))
  const { splits } = await loadDataset(dataset, { test: own })
  expect(splits.test?.fields.x?.values).toEqual(Float32Array.of(NaN, 1, 4, 0))
  const plain = csv(await written('a,kind,y\n1,y,1\n4,x,2\n'), { target: 'y' })
  const filled = csv(await written(table), { target: 'y', missing: 'mean' })
  await expect(userErrorOf(() => loadDataset(plain, { test: filled }))).resolves.toBe(
    "The test data of table have missing 'mean' and the training has not, so no model replaces them",
  )
})

test('columns of texts are categories, numbered in the order of their names', async () => {
  const table = 'kind,a,size\nrose,1,10\naster,2,9\nrose,3,1e1\n'
  const { fields, categories, columns, hash } = await loadDataset(csv(await written(table)))
  expect([...(fields.train.x?.values ?? [])]).toEqual([1, 1, 10, 0, 2, 9, 1, 3, 10])
  expect([categories, columns]).toEqual([{ kind: ['aster', 'rose'] }, ['kind', 'a', 'size']])
  const named = await loadDataset(csv(await written(table), { categories: ['size'] }))
  expect([...(named.fields.train.x?.values ?? [])]).toEqual([1, 1, 1, 0, 2, 0, 1, 3, 1])
  expect(named.categories).toEqual({ kind: ['aster', 'rose'], size: ['9', '10'] })
  const renamed = await loadDataset(csv(await written(table.replaceAll('rose', 'tulip'))))
  expect(renamed.fields.train.x?.values).toEqual(fields.train.x?.values)
  expect(renamed.hash).not.toBe(hash)
  const lines = '{"kind":"rose","a":1,"size":10}\n{"kind":"aster","a":2,"size":9}\n{"kind":"rose","a":3,"size":10}\n'
  expect((await loadDataset(jsonl(await written(lines)))).hash).toBe(hash)
})

test('categories in an order of their own, and ones that are not among them', async () => {
  const options = { categories: { kind: ['rose', 'aster'] }, unknown: 'zeros' } as const
  await expect(read('kind\naster\ntulip\nrose\n', options)).resolves.toEqual({ x: [1, 2, 0] })
  const train = csv(await written('kind,a\nrose,1\naster,2\n'), { unknown: 'zeros' })
  const own = csv(await written('kind,a\ntulip,1\nrose,2\nrose,3\n'))
  const { splits } = await loadDataset(train, { test: own })
  expect(splits.test?.fields.x?.values).toEqual(Float32Array.of(2, 1, 1, 2, 1, 3))
  const strict = csv(await written('kind,a\nrose,1\naster,2\n'))
  await expect(userErrorOf(() => loadDataset(strict, { test: own }))).resolves.toMatch(
    /has the category 'tulip' in line 2, column 'kind', which is none of 'aster', 'rose'$/,
  )
  const others = csv(await written('kind,a\nrose,1\naster,2\n'), { categories: { kind: ['rose', 'aster'] } })
  await expect(userErrorOf(() => loadDataset(strict, { test: others }))).resolves.toMatch(
    /have other categories than the/,
  )
  const text = csv(await written('kind,a\nrose,x\naster,y\n'))
  await expect(userErrorOf(() => loadDataset(strict, { test: text }))).resolves.toMatch(
    /have other categories than the/,
  )
})

test('tab-separated values, and JSON by the line', async () => {
  const { fields } = await loadDataset(tsv(await written('a\tb\n1\t2\n')))
  expect(fields.train.x?.values).toEqual(Float32Array.of(1, 2))
  const lines = '{"a":1,"city":"Oslo","ok":true}\n\n{"ok":false,"city":"Bonn","a":1.5e0}\n'
  const objects = await loadDataset(jsonl(await written(lines), { target: 'ok', columns: ['a'] }))
  expect(objects.fields.train.x?.values).toEqual(Float32Array.of(1, 1.5))
  expect(objects.fields.train.label?.values).toEqual(Int32Array.of(1, 0))
  expect(objects.classNames).toEqual(['false', 'true'])
})

test('many rows and columns', async () => {
  const rows = Array.from({ length: 70_000 }, (_, i) => `${i},${-i},${i / 8}`)
  const { fields } = await loadDataset(csv(await written(`a,b,c\n${rows.join('\n')}`)))
  expect(fields.train.x?.values.length).toBe(210_000)
  expect([...(fields.train.x?.values.subarray(-3) ?? [])]).toEqual([69_999, -69_999, 69_999 / 8])
  const wide = Array.from({ length: 10_000 }, (_, i) => i)
  await expect(read(`${wide.map((i) => `c${i}`).join()}\n${wide.join()}\n`)).resolves.toEqual({ x: wide })
})

test.each<[string, string | Uint8Array, CsvOptions, RegExp]>([
  ['an empty file', '', {}, /is empty, expected rows$/],
  ['only blank lines', '\n \n', {}, /is empty, expected rows$/],
  ['names alone', 'a,b\n', {}, /has no rows to learn from, only the names of columns$/],
  ['missing values in all', 'a\nNA\nNA\n', { missing: 'drop' }, /has no rows to learn from, a missing value in each$/],
  [
    'a text among targets',
    'a,y\n1,2\n3,x\n',
    { target: 'y' },
    /column 'y', expected a finite number, or classes: true$/,
  ],
  ['a short row', 'a,b\n1,2\n3\n', {}, /has 1 cell in line 3, expected 2$/],
  ['a long row', 'a,b\n1,2,3\n', {}, /has 3 cells in line 2, expected 2$/],
  [
    'a text later on',
    'a,b\n1,2\n3,x\n',
    {},
    /has 'x' in line 3, column 'b', expected a finite number, or the column n/,
  ],
  [
    'a category of none',
    'a,b\n1,x\n',
    { categories: { b: ['y'] } },
    /has the category 'x' in line 2, column 'b', which is none of 'y'$/,
  ],
  ['categories of no input', 'a,b\n1,x\n', { categories: ['c'] }, /has no input 'c', which is named in categories: it/],
  [
    'no category',
    'a,b\n1,x\n2,\n',
    { missing: { value: 0 } },
    /has no value in line 3, column 'b', and 0 is no category: missing must be 'drop', or 'mostFrequent'$/,
  ],
  [
    'no category before it is one',
    'a,b\n1,\n2,x\n',
    { missing: { value: 0 } },
    /has no value in line 2, column 'b', and 0 is no category/,
  ],
  [
    'too many texts',
    ['a', ...Array.from({ length: 1001 }, (_, i) => `t${i}`)].join('\n'),
    {},
    /has more than 1000 different texts in column 'a', too many for categories unless it is named in them/,
  ],
  ['infinity', 'a\n1\n-inf\n', {}, /has '-inf' in line 3, column 'a', expected a finite number$/],
  ['a large number', 'a\n1e39\n', {}, /has '1e39', which is too large for f32 in line 2, column 'a', expected/],
  [
    'a missing value',
    'a,b\n1,\n',
    {},
    /has no value in line 2, column 'b': say what becomes of such rows, with missing/,
  ],
  ['no target', 'a,b\n1,\n', { target: 'b', missing: { value: 0 } }, /has no target in line 2, column 'b'.*'drop'$/],
  ['one class', 'a,b\n1,x\n2,x\n', { target: 'b' }, /has the one class 'x' in column 'b', expected two or more$/],
  [
    'another class',
    'a,b\n1,x\n',
    { target: 'b', classes: ['y'] },
    /has the class 'x' in line 2, column 'b', which is none of 'y'$/,
  ],
  ['another column', 'a,b\n1,2\n', { target: 'c' }, /has no column 'c'; its columns are 'a', 'b'$/],
  ['a target alone', 'a\n1\n', { target: 'a' }, /has no column but the target/],
  ['two columns of a name', 'a,a\n1,2\n', {}, /has two columns 'a'/],
  ['a column without a name', 'a,\n1,2\n', {}, /has no name for column 2/],
  ['an open quote', 'a\n"1\n2\n', {}, /has a quote in line 2 that does not end$/],
  ['a stray quote', 'a,b\n1,2\n"1"x",3"\n', {}, /has a quote out of place in line 3/],
  ['carriage returns alone', 'a,b\r1,2\r', {}, /has carriage returns in line 1/],
  ['bytes', Buffer.from([97, 10, 0xff, 10]), {}, /is no text: in or after line 2 it has bytes that are not UTF-8/],
  ['a zero byte', 'a\n1\0\n', {}, /is no text: in or after line 2 it has a zero byte/],
  ['gzip cut short', zlib.gzipSync('a\n1\n').subarray(0, 20), {}, /is cut short: its gzip data ends too early$/],
  ...zstdMistakes,
])('%s is refused in one sentence', async (_, content, options, message) => {
  await expect(userErrorOf(() => read(content, options))).resolves.toMatch(message)
})

test.each<[string, RegExp]>([
  ['{"a":1}\n{"a":', /has no JSON in line 2/],
  ['[1,2]', /has \[ 1, 2 \] in line 1, expected an object/],
  ['{"a":[1]}', /in line 1, column 'a', \[ 1 \], expected a number or a text, or its name in sequences$/],
  ['{"a":1}\n{"a":1,"b":2}', /has 'b' in line 2, which the first line has not/],
  ['{}', /has no columns in its first row$/],
  ['{"a":1}\n{}', /has no value in line 2, column 'a': say what becomes of such rows, with missing 'drop', 'mean'/],
])('%s is refused as JSON', async (content, message) => {
  await expect(userErrorOf(async () => loadDataset(jsonl(await written(content))))).resolves.toMatch(message)
})

test('a column of no line is refused, where the others are imputed', async () => {
  const path = await written('{"a":1}\n{"a":2}\n')
  const spec = jsonl(path, { columns: ['a', 'b'], missing: 'mean' })
  await expect(userErrorOf(() => loadDataset(spec))).resolves.toMatch(
    /has no 'b' in any line, expected it in some, as null/,
  )
})

test('held-out files have the columns and classes of the training', async () => {
  const train = csv(await written('a,k\n1,x\n2,y\n'), { target: 'k' })
  const own = csv(await written('a,k\n5,z\n6,x\n'), { target: 'k' })
  await expect(userErrorOf(() => loadDataset(train, { test: own }))).resolves.toMatch(
    /has the class 'z' in line 2, column 'k', which is none of 'x', 'y'$/,
  )
  const other = csv(await written('b,k\n5,y\n6,x\n'), { target: 'k' })
  await expect(userErrorOf(() => loadDataset(train, { test: other }))).resolves.toMatch(
    /has no column 'a'; its columns/,
  )
  const named = csv(await written('b,k\n5,y\n6,x\n'), { target: 'k', columns: ['b'] })
  await expect(userErrorOf(() => loadDataset(train, { test: named }))).resolves.toBe(
    'The test data of table have other columns than the training: leave them out, or name the same',
  )
  const some = csv(await written('k,c,a\ny,1,5\ny,2,6\n'))
  const { splits } = await loadDataset(train, { test: some })
  expect(splits.test?.fields).toMatchObject({
    x: { values: Float32Array.of(5, 6) },
    label: { values: Int32Array.of(1, 1) },
  })
})

test('a spec is plain JSON and is checked', async () => {
  const spec = csv('houses.csv', { target: 'price', validation: 0.1 })
  expect(JSON.parse(JSON.stringify(spec))).toEqual({
    kind: 'csv',
    path: 'houses.csv',
    target: 'price',
    unknown: 'refuse',
    missing: 'refuse',
    labelled: 1,
    validation: 0.1,
    test: 0,
    splitBy: 'random',
    splitSeed: 0,
  })
  const wrong: [() => unknown, RegExp][] = [
    [() => csv(''), /csv.path must be the path of a file/],
    [() => csv('a', { columns: [] }), /csv.columns must be a list of names of columns/],
    [() => csv('a', { columns: ['b'], target: 'b' }), /csv.columns must be inputs without the target 'b'/],
    [() => csv('a', { classes: true }), /csv.target is missing/],
    [
      () => csv('a', { missing: { value: Infinity } }),
      /csv.missing must be 'refuse', 'drop', 'mean', 'median', 'mostFrequent' or { value } with a number/,
    ],
    [() => csv('a', { categories: { b: [] } }), /csv.categories must be names of columns, or a record of names/],
    [
      () => csv('a', { categories: ['b'], target: 'b' }),
      /csv.categories must be inputs without the target 'b', whose categories are classes, not 'b'$/,
    ],
    [() => csv('a', { delimiter: '""' }), /csv.delimiter must be one character/],
    [() => csv('a', { validation: -1 }), /csv.validation must be a share/],
  ]
  for (const [make, message] of wrong) await expect(userErrorOf(make)).resolves.toMatch(message)
})

describe('rows without a target', () => {
  const table = 'a,kind\n1,rose\n2,\n3,aster\n4,NA\n5,rose\n6,rose\n'

  it('are in no split but that of all rows', async () => {
    const path = await written(table)
    const spec = csv(path, { target: 'kind', labelled: 'withTarget', test: 1, validation: 1 })
    const { fields, splits, classes, classNames } = await loadDataset(spec)
    expect([...(fields.train.label?.values ?? [])]).toEqual([1, -1, 0, -1, 1, 1])
    expect([classes, classNames]).toEqual([2, ['aster', 'rose']])
    const [test, validation, train] = [splits.test, splits.validation, splits.train].map((split) => [
      ...(split?.rows ?? []),
    ])
    expect([...(test ?? []), ...(validation ?? []), ...(train ?? [])].toSorted()).toEqual([0, 2, 4, 5])
    expect([test?.length, validation?.length]).toEqual([1, 1])
    expect([...splits.all.rows].toSorted()).toEqual([...(train ?? []), 1, 3].toSorted())
    await expect(userErrorOf(() => loadDataset(csv(path, { target: 'kind' })))).resolves.toMatch(/no value in line 3/)
  })

  it('may have a number to learn', async () => {
    const path = await written('a,y\n1,0.5\n2,\n3,-1\n')
    const { fields, splits } = await loadDataset(csv(path, { target: 'y', labelled: 'withTarget' }))
    expect(fields.train.y?.values).toEqual(Float32Array.of(0.5, NaN, -1))
    expect([[...splits.train.rows], [...splits.all.rows]]).toEqual([
      [0, 2],
      [0, 1, 2],
    ])
  })

  it('have a negative label in arrays', async () => {
    const fields = { x: [1, 2, 3], label: Int32Array.of(2, -1, 0) }
    const { splits, classes } = await loadDataset(arrays(fields, { labelled: 'withTarget' }))
    expect([classes, [...splits.train.rows], [...splits.all.rows]]).toEqual([3, [0, 2], [0, 1, 2]])
  })

  it('are refused where there are no others, or no target', async () => {
    const path = await written('a,y\n1,\n2,\n')
    const wrong = [
      [csv(path, { target: 'y', labelled: 'withTarget' }), /has no row with a target$/],
      [
        arrays({ x: [1, 2] }, { labelled: 'withTarget' }),
        /^arrays has no target of one number a row, so labelled cannot/,
      ],
    ] as const
    for (const [spec, message] of wrong) await expect(userErrorOf(() => loadDataset(spec))).resolves.toMatch(message)
  })
})
