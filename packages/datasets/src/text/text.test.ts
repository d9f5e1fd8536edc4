import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  bytePairs,
  loadDataset,
  parseDataSpec,
  splitReport,
  surveyFile,
  text,
  tokenizerOf,
  type Dataset,
} from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { tokenizerFile } from '../testing/tokenizer-file.js'
import { userErrorOf } from '../testing/user-errors.js'
import { BytePairs, learnBytePairs } from './byte-pairs.js'

const book = 'der Wal, der weiße Wal! It’s a whale, 12 whales 🐋\r\n\r\n  low lower lowest, it’ll say\n\u2028'

async function file(content: string | Uint8Array, name = 'a.txt'): Promise<string> {
  const path = join(await tempFolder(), name)
  await writeFile(path, content)
  return path
}

/** The rows of a field of a split, as texts. */
async function rowsOf(data: Dataset, split: 'train' | 'validation' | 'test', field = 'text'): Promise<string[]> {
  const { fields, rows } = data.splits[split] ?? data.splits.train
  const tokenizer = await tokenizerOf(data.tokens ?? { kind: 'bytePairs', pairs: [] })
  const [values, length = 1] = [fields[field]?.values ?? [], fields[field]?.shape[0]]
  return Array.from(rows, (row) => tokenizer.decode(Array.from(values).slice(row * length, (row + 1) * length)))
}

describe('lines', () => {
  const lines = 'abc\r\n\n  \nb\nabcabc\ncab'

  test('are rows that are padded, with their lengths, blank ones left out', async () => {
    const data = await loadDataset(text(await file(lines), { rows: 'lines', length: 6 }))
    const { fields, tokens } = data
    expect(tokens).toMatchObject({ characters: ['\n', '\r', ' ', 'a', 'b', 'c'] })
    expect(fields.train.length).toEqual({ dtype: 'i32', shape: [], values: Int32Array.of(4, 1, 6, 2) })
    // What is left out of a line that is too long is its end.
    expect(Array.from(fields.train.text?.values ?? [])).toEqual(
      [
        [3, 4, 5, 1, 0, 0],
        [4, 0, 0, 0, 0, 0],
        [3, 4, 5, 3, 4, 5],
        [5, 3, 0, 0, 0, 0],
      ].flat(),
    )
    expect(Array.from(fields.train.next?.values ?? [])).toEqual(
      [
        [4, 5, 1, 0, -1, -1],
        [0, -1, -1, -1, -1, -1],
        [4, 5, 3, 4, 5, 0],
        [3, 4, -1, -1, -1, -1],
      ].flat(),
    )
    const short = await loadDataset(text(await file(lines), { rows: 'lines', length: 2 }))
    expect(short.fields.train.length?.values).toEqual(Int32Array.of(2, 1, 2, 2))
  })

  test('stay whole where a text is cut', async () => {
    const book = Array.from({ length: 20 }, (_, i) => 'ab'.repeat(1 + (i % 4))).join('\n')
    const data = await loadDataset(text(await file(book), { rows: 'lines', length: 9, validation: 0.2, test: 0.3 }))
    const all = ['train', 'validation', 'test'] as const
    const counts = all.map((split) => data.splits[split]?.rows.length ?? 0)
    expect(counts.reduce((a, b) => a + b)).toBe(20)
    expect(Math.min(...counts)).toBeGreaterThan(2)
    for (const split of all) {
      const { fields, rows } = data.splits[split] ?? data.splits.train
      const ends = Array.from(rows, (row) => fields.length?.values[row])
      expect(ends.every((length) => [2, 4, 6, 7, 8].includes(length ?? 0))).toBe(true)
    }
  })

  test('may be shuffled by length', async () => {
    const data = await loadDataset(text(await file(lines), { rows: 'lines', shuffle: { byLength: 'length' } }))
    expect(data.splits.train.reading).toEqual({ shuffle: { byLength: 'length', poolBatches: 100 } })
  })

  test('are refused with what is of windows, and where there are none', async () => {
    expect(await userErrorOf(() => text('a.txt', { rows: 'lines', stride: 2 }))).toBe(
      "text.stride must be left out with rows: 'lines', not 2",
    )
    const blank = await file('a\n \n')
    expect(await userErrorOf(() => loadDataset(text(blank, { rows: 'lines', test: 0.5 })))).toMatch(
      /^a.txt has no line of two tokens for test$/,
    )
  })
})

describe('windows', () => {
  test('are side by side, each with the token after each of its own', async () => {
    const data = await loadDataset(text(await file('abcabcabca'), { length: 3 }))
    expect(data.tokens).toEqual({ kind: 'characters', characters: ['a', 'b', 'c'], unknown: 'refuse' })
    expect(data.fields.train.text).toMatchObject({
      dtype: 'i32',
      shape: [3],
      values: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2),
    })
    expect(data.fields.train.next?.values).toEqual(Int32Array.of(1, 2, 0, 1, 2, 0, 1, 2, 0))
    expect(data.classes).toBe(3)
  })

  test('stay within a file and a split, whose characters have no overlap', async () => {
    const paths = [await file('abcdefghij'), await file('JIHGFEDCBA')]
    const data = await loadDataset(text(paths, { length: 2, stride: 1, unknown: 'token', validation: 3, test: 0.3 }))
    expect(await rowsOf(data, 'train')).toEqual(['ab', 'bc', 'JI', 'IH'])
    expect(await rowsOf(data, 'train', 'next')).toEqual(['bc', 'cd', 'IH', 'HG'])
    // Characters that are not in what is trained on have no number of their own.
    expect(data.tokens).toMatchObject({ characters: ['G', 'H', 'I', 'J', 'a', 'b', 'c', 'd'] })
    expect(data.classes).toBe(9)
    expect([await rowsOf(data, 'validation'), data.splits.test?.rows.length]).toEqual([
      ['\ufffd\ufffd', '\ufffd\ufffd'],
      2,
    ])
    expect(splitReport(data)?.counts).toBe('a.txt and 1 more: 4 rows to train on, 2 for validation, 2 for test')
  })

  test('of fit are cut as those of the spec are', async () => {
    const path = await file(book.repeat(3))
    const own = await loadDataset(text(path, { length: 4, test: 0.2 }))
    const given = await loadDataset(text(path, { length: 4 }), { test: 0.2 })
    expect([given.hash, given.splits.test?.rows]).toEqual([own.hash, own.splits.test?.rows])
    expect(await userErrorOf(() => loadDataset(own, { validation: 0.1 }))).toMatch(/was cut when it was loaded/)
  })

  test('of a file of its own are by the tokens of the training', async () => {
    const later = text(await file('ccab'), { length: 2 })
    const data = await loadDataset(text(await file('abcabc'), { length: 2, test: later }))
    expect([data.splits.test?.fields.text?.values, await rowsOf(data, 'test')]).toEqual([Int32Array.of(2, 2), ['cc']])
    const other = text(await file('abcd'), { length: 2, characters: 'abcd' })
    const spec = text(await file('abcabc'), { length: 2, test: other })
    expect(await userErrorOf(() => loadDataset(spec))).toMatch(/have other tokens than the training/)
  })
})

describe('tokens', () => {
  test('of characters are code points, named or found', async () => {
    const path = await file('🐋a\r\n🐋b')
    const found = await loadDataset(text(path, { length: 1 }))
    expect(found.tokens).toMatchObject({ characters: ['\n', '\r', 'a', 'b', '🐋'] })
    const named = await loadDataset(text(path, { length: 1, characters: 'b🐋', unknown: 'token' }))
    expect(named.fields.train.text?.values).toEqual(Int32Array.of(1, 2, 2, 2, 1))
    expect([named.classes, named.hash === found.hash]).toEqual([3, false])
  })

  test('of pairs are the most frequent, of equal ones those of the smaller numbers', () => {
    const [a, b, c, d] = [97, 98, 99, 100]
    expect(learnBytePairs(['abab cdcd cdab'], 259)).toEqual([
      [a, b],
      [c, d],
      [32, 257],
    ])
    expect(learnBytePairs(['aaaa'], 300)).toEqual([[a, a]])
    expect(learnBytePairs(['abc'], 300)).toEqual([])
    // Nothing is learnt over the end of a word.
    expect(learnBytePairs(['ab ab ab'], 300)).toEqual([
      [a, b],
      [32, 256],
    ])
  })

  test('of pairs give every text back, and are those of @huggingface/tokenizers', async () => {
    const pairs = learnBytePairs([book, book.slice(5)], 330)
    const own = new BytePairs(pairs)
    const path = await file(JSON.stringify(tokenizerFile(pairs)), 'tokenizer.json')
    const source = await file(book)
    const theirs = await loadDataset(text(source, { tokens: path, length: 1 }))
    const tokenizer = await tokenizerOf(theirs.tokens ?? { kind: 'bytePairs', pairs: [] })
    for (const each of [book, 'Wale: 1851\t\t!?', '\u{10ffff} é é ', 'l'.repeat(200)]) {
      expect(tokenizer.encode(each)).toEqual(own.encode(each))
      expect([own.decode(own.encode(each)), tokenizer.decode(own.encode(each))]).toEqual([each, each])
    }
    expect(own.encode(book).length).toBeLessThan(book.length)
    const learnt = await loadDataset(text(await file(book + book), { tokens: bytePairs(330), length: 4 }))
    expect([learnt.tokens?.kind, theirs.classes, (learnt.classes ?? 0) <= 330]).toEqual(['bytePairs', own.size, true])
  })

  test('make a spec that is plain JSON', () => {
    for (const spec of [
      text('a.txt', { tokens: bytePairs(512), length: 8, validation: 0.1 }),
      text(['a.txt', 'b.txt'], { characters: 'ab', unknown: 'token', test: text('c.txt') }),
    ]) {
      expect(parseDataSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
    }
  })
})

test('a byte order mark, UTF-16 and gzip are read, and line ends are kept', async () => {
  const plain = 'ä\r\n\rx'
  const le = Buffer.from(`\ufeff${plain}`, 'utf16le')
  const forms = [plain, `\ufeff${plain}`, le, Buffer.from(le).swap16(), gzipSync(plain), gzipSync(le)]
  for (const form of forms) {
    expect(await rowsOf(await loadDataset(text(await file(form), { length: 4, stride: 1 })), 'train')).toEqual([
      'ä\r\n\r',
    ])
  }
})

test('one sentence for what is wrong', async () => {
  const good = await file('abc')
  const of = async (content: string | Uint8Array) => text(await file(content), { length: 2 })
  const late = Buffer.concat([Buffer.from('ä'.repeat(2 ** 17)), Buffer.from([0xe2, 0x82])])
  const wrong = [
    [await of(''), /is empty, expected a text/],
    [await of('ab'), /has 2 tokens to train on, and a window takes 3/],
    [await of(Buffer.from([0x61, 0xc3, 0xa4, 0xff])), /it has bytes that are not UTF-8, at byte 3$/],
    [await of(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xed, 0xa0, 0x80])), /at byte 4$/],
    [await of(late), /at byte 262144$/],
    [await of('ab\0'), /it has a zero byte at byte 2$/],
    [await of(Buffer.from([0xff, 0xfe, 0x00, 0xd8])), /it has bytes that are not UTF-16LE$/],
    [await of(gzipSync('abc').subarray(0, -9)), /is cut short/],
    [text(join(good, '..', 'none.txt')), /is missing, expected a file/],
    [text('npm:no-such-package/a.txt'), /no-such-package is not installed: run `npm install no-such-package`/],
    [
      text(good, { length: 1, validation: 1, test: 2 }),
      /has 3 characters, so 1 for validation and 2 for test leave none/,
    ],
    [text(await file('ab\nac\nad'), { length: 1, test: 2 }), /has the character 'd' in line 3, which is none of the 4/],
    [
      text(await file('abcabc'), { length: 1, tokens: await file('{', 'a.json') }),
      /is no tokenizer.json: it is not JSON/,
    ],
    [
      text(await file('abcabc'), { length: 1, tokens: await file('{}', 'b.json') }),
      /the tokenizer.json is none that can be/,
    ],
  ] as const
  for (const [spec, message] of wrong) expect(await userErrorOf(() => loadDataset(spec))).toMatch(message)
  const options = [
    [() => text([]), /^text.paths must be the path of a file, or a list of paths/],
    [() => text('a', { tokens: bytePairs(255) }), /^text.tokens must be 'characters', bytePairs\(size\) of 256/],
    [() => text('a', { tokens: 'words' }), /^text.tokens must be/],
    [() => text('a', { characters: 'aa' }), /^text.characters must be characters, none of them twice/],
    [
      () => text('a', { characters: 'a', tokens: bytePairs(256) }),
      /^text.characters goes with tokens: 'characters' alone/,
    ],
    [() => text('a', { length: 0 }), /^text.length must be a whole number from 1 to 1048576, not 0/],
  ] as const
  for (const [make, message] of options) expect(await userErrorOf(make)).toMatch(message)
})

test('a survey tells characters, words and lines', async () => {
  const { rows, columns } = await surveyFile(await file('ab ab\nb\n'))
  expect(rows).toBe(8)
  expect(columns).toMatchObject([
    {
      name: 'character',
      distinct: 4,
      values: [{ value: 'b', rows: 3 }, { value: 'a' }, { value: '\n' }, { value: ' ' }],
    },
    {
      name: 'word',
      distinct: 2,
      values: [
        { value: 'ab', rows: 2 },
        { value: 'b', rows: 1 },
      ],
    },
    { name: 'line length', range: { least: 0, most: 5, mean: 2 } },
  ])
})
