// Pictures that Pillow wrote and read: tools/oracles/images_pillow.py.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { imageFolder, loadDataset, surveyFile, type ImageFolderOptions } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

const folder = fileURLToPath(new URL('../../../../tools/oracles/images_pillow/', import.meta.url))
const { pixels } = JSON.parse(await readFile(join(folder, 'pixels.json'), 'utf8')) as {
  readonly pixels: Readonly<Record<string, readonly number[]>>
}
const names = Object.keys(pixels).sort()

async function valuesOf(options: ImageFolderOptions): Promise<Uint8Array> {
  const { fields } = await loadDataset(imageFolder(folder, options))
  return Uint8Array.from(fields.train.image?.values ?? [])
}

function largestDifference(found: ArrayLike<number>, wanted: readonly number[]): number {
  return Math.max(...wanted.map((value, i) => Math.abs(value - (found[i] ?? NaN))))
}

test('pictures of every kind are read as by Pillow, upright, and numbered by folder', async () => {
  const { fields, classNames, classes, splits } = await loadDataset(imageFolder(folder, { size: [12, 16], test: 0.3 }))
  const { image, label } = fields.train
  expect([image?.dtype, image?.shape, classNames, classes]).toEqual(['u8', [12, 16, 3], ['aster', 'rose'], 2])
  expect(label?.values).toEqual(Int32Array.from(names, (name) => Number(name.startsWith('rose'))))
  expect(splits.test?.rows).toHaveLength(3)
  for (const [row, name] of names.entries()) {
    const found = image?.values.subarray(row * 576, (row + 1) * 576) ?? []
    // JPEG's inverse transform may be off by one, and its colours by one more.
    expect(largestDifference(found, pixels[name] ?? []), name).toBeLessThanOrEqual(name.endsWith('g.png') ? 0 : 2)
  }
})

test.each([
  ['half', [12, 16]],
  ['two fifths', [10, 13]],
  ['a third', [8, 11]],
] as const)('a slope stays a slope at %s of its size', async (_, size) => {
  const [height, width] = [24, 32]
  const slope = (x: number, y: number) => 20 + 3 * x + 4 * y
  const values = Uint8Array.from({ length: height * width }, (_, i) => slope(i % width, Math.floor(i / width)))
  const one = await tempFolder()
  await mkdir(join(one, 'slope'))
  await sharp(values, { raw: { height, width, channels: 1 } }).toFile(join(one, 'slope', 'a.png'))
  const { fields } = await loadDataset(imageFolder(one, { size, channels: 1 }))
  const found = fields.train.image?.values ?? []
  // A filter of any shape keeps what is linear, but at the edges; the centre of a pixel is half a pixel in.
  for (let y = 2; y < size[0] - 2; y++) {
    for (let x = 2; x < size[1] - 2; x++) {
      const wanted = slope(((x + 0.5) * width) / size[1] - 0.5, ((y + 0.5) * height) / size[0] - 0.5)
      expect(Math.abs((found[y * size[1] + x] ?? NaN) - wanted), `${x}, ${y}`).toBeLessThanOrEqual(1.5)
    }
  }
})

test('grey ones are [height, width], and other proportions are cut, filled or stretched', async () => {
  const { fields, imageShape } = await loadDataset(imageFolder(folder, { size: [5, 7], channels: 1 }))
  expect([fields.train.image?.shape, imageShape]).toEqual([
    [5, 7],
    [5, 7],
  ])
  const [fill, cover, contain] = await Promise.all(
    (['fill', 'cover', 'contain'] as const).map((fit) => valuesOf({ size: [12, 12], fit })),
  )
  expect(new Set([fill, cover, contain].map((values) => values?.join())).size).toBe(3)
  // Half of [12, 16] in [12, 12] is black rows at the top and the bottom.
  expect([...(contain?.subarray(0, 36) ?? [])]).toEqual(new Array(36).fill(0))
})

test('damaged files are named, or skipped on request', async () => {
  const broken = await tempFolder()
  await cp(folder, broken, { recursive: true })
  const whole = await readFile(join(broken, 'rose', 'rgb.jpg'))
  await writeFile(join(broken, 'rose', 'cut.jpg'), whole.subarray(0, 400))
  const message = /rose\/cut\.jpg is no picture that can be read \(.*\): take it out, or skip such files with damaged/
  await expect(userErrorOf(() => loadDataset(imageFolder(broken)))).resolves.toMatch(message)
  await writeFile(join(broken, 'aster', 'notes.txt'), 'not a picture')
  const { fields, skipped, hash } = await loadDataset(imageFolder(broken, { damaged: 'skip' }))
  expect([skipped, fields.train.label?.values.length]).toEqual([['aster/notes.txt', 'rose/cut.jpg'], names.length])
  expect(hash).toBe((await loadDataset(imageFolder(folder))).hash)
  const survey = await surveyFile(broken)
  expect(survey.columns.map(({ name, missing }) => [name, missing])).toEqual([
    ['class', 0],
    ['height', 2],
    ['width', 2],
    ['channels', 2],
  ])
})

test('one sentence for what is no folder of pictures', async () => {
  const empty = await tempFolder()
  const wrong = [
    [imageFolder(join(empty, 'nothing')), /The folder .*nothing does not exist$/],
    [imageFolder(empty), /has no folders, expected one for each class$/],
    [imageFolder(join(folder, 'pixels.json')), /is a file, expected a folder/],
  ] as const
  for (const [spec, message] of wrong) {
    await expect(userErrorOf(() => loadDataset(spec))).resolves.toMatch(message)
  }
  await mkdir(join(empty, 'aster'))
  await expect(userErrorOf(() => loadDataset(imageFolder(empty)))).resolves.toMatch(/aster is empty, expected pictures/)
  await rm(join(empty, 'aster'), { recursive: true })
  expect(() => imageFolder(empty, { size: [0, 4] })).toThrow(
    'imageFolder.size must be [height, width] in pixels, each from 1 to 4096, not [ 0, 4 ]',
  )
  expect(() => imageFolder('')).toThrow('imageFolder.directory must be the path of a folder')
})

test('a table may name pictures and their labels', async () => {
  const directory = await tempFolder()
  await cp(folder, directory, { recursive: true })
  const some = names.slice(0, 3)
  const labels = join(directory, 'labels.csv')
  const write = (column: string, values: readonly unknown[]) =>
    writeFile(labels, [`file,${column}`, ...some.map((name, row) => `${name},${String(values[row])}`)].join('\n'))
  const whole = await loadDataset(imageFolder(directory))
  const images = whole.fields.train.image?.values.subarray(0, 3 * 64 * 64 * 3)

  await write('label', ['tulip', 'aster', 'tulip'])
  const named = await loadDataset(imageFolder(directory, { labels }))
  expect(named.classNames).toEqual(['aster', 'tulip'])
  expect(named.fields.train.image?.values).toEqual(images)
  expect(named.fields.train.label).toEqual({ dtype: 'i32', shape: [], values: Int32Array.of(1, 0, 1) })

  await write('label', [2.5, 1, -1])
  const { fields, classNames } = await loadDataset(imageFolder(directory, { labels }))
  expect([Object.keys(fields.train), classNames]).toEqual([['image', 'y'], undefined])
  expect(fields.train.y?.values).toEqual(Float32Array.of(2.5, 1, -1))

  await write('label', [7, 3, 7])
  const numbered = await loadDataset(imageFolder(directory, { labels, classes: true }))
  expect([numbered.classNames, numbered.fields.train.label?.values]).toEqual([['3', '7'], Int32Array.of(1, 0, 1)])

  const wrong: [string, RegExp][] = [
    ['file,kind\na.png,1\n', /labels\.csv has no column 'label'; its columns are 'file', 'kind'$/],
    ['file,label\nnone.png,a\nother.png,b\n', /none\.png is missing, expected a file$/],
    ['file,label\n../a.png,a\nb.png,b\n', /labels\.csv names '\.\.\/a\.png', which is not within the folder$/],
    ['file,label\na.png,\n', /labels\.csv has no value in line 2, column 'label'/],
  ]
  for (const [content, message] of wrong) {
    await writeFile(labels, content)
    expect(await userErrorOf(() => loadDataset(imageFolder(directory, { labels })))).toMatch(message)
  }
  expect(await userErrorOf(() => imageFolder(directory, { classes: true }))).toMatch(
    /^imageFolder\.classes must be true, beside/,
  )
  expect(await userErrorOf(() => loadDataset(imageFolder(directory, { labels: 'a.txt' })))).toMatch(/no table by its/)
})
