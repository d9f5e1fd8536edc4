// Semantic hashing: a run, an index of its codes, a search; and what is refused.
import { cp, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeIdx, idxFolder, loadDataset } from '@gradpool/datasets'
import { HashIndex } from '@gradpool/hashing'
import { findStageModel } from '@gradpool/orchestrator'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controlCharacter } from './control-character.js'
import { dataFolder, names, smallFiles } from './data-folder.js'
import { contentsOf, emptyFolder, gradpool, gradpoolHere, runsIn, temporaryFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

interface Document {
  readonly query: { readonly label: number | null }
  readonly neighbours: readonly {
    readonly id: number
    readonly label: number
    readonly hamming: number
    readonly distance: number
  }[]
}

/** Where a run has been trained and its index built; files of tests go there, too. */
let cwd: string
let data: string
const folder = await temporaryFolder()
afterAll(folder.remove)

beforeAll(async () => {
  cwd = folder.path
  data = join(cwd, 'data')
  await mkdir(data)
  for (const [name, bytes] of Object.entries(await smallFiles())) {
    await writeFile(join(data, name), bytes)
  }
  const experiments = ['mnist_mlp_1p', 'mnist_auto_1', 'mnist_hash_1', 'mnist_hash_2']
  const run = await gradpool(['run', ...experiments, '--epochs', '4', '--data', 'data'], { cwd })
  expect(run).toMatchObject({ code: 0 })
  const built = await gradpool(['index', 'build', '--out', 'digits.index'], { cwd })
  expect(built).toMatchObject({ code: 0, stderr: '' })
  expect(built.stdout).toMatch(/^2000 images of data, 10 bits each by mnist_hash_2: 'digits\.index'/)
}, 120_000)

async function search(...args: string[]): Promise<Document> {
  const { code, stdout, stderr } = await gradpoolHere(['search', 'digits.index', '--json', ...args], cwd)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Document
}

function images() {
  return loadDataset(idxFolder({ directory: data }))
}

/** A training image as a PNG file, three times as large, dark on bright. */
async function pictureOf(row: number): Promise<string> {
  const { fields } = await images()
  const png = new PNG({ width: 84, height: 84 })
  for (let pixel = 0; pixel < 84 * 84; pixel += 1) {
    const [y, x] = [Math.floor(pixel / 84), pixel % 84]
    const grey = fields.train.image.values[784 * row + 28 * Math.floor(y / 3) + Math.floor(x / 3)]
    png.data.fill(255 - (grey ?? 0), 4 * pixel, 4 * pixel + 3)
    png.data[4 * pixel + 3] = 255
  }
  const path = `image-${row}.png`
  await writeFile(join(cwd, path), PNG.sync.write(png))
  return path
}

describe('a search', () => {
  test('finds so many images, the nearest first, each with its label', async () => {
    const { fields } = await images()
    const { query, neighbours } = await search('--image', '3')
    expect(query).toEqual({ label: fields.test.label.values[3] })
    expect(neighbours).toHaveLength(10)
    const order = neighbours.map(({ hamming, distance, id }) => [hamming, distance, id] as const)
    const sorted = [...order].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    expect(order).toEqual(sorted)
    for (const { id, label } of neighbours) expect(label).toBe(fields.train.label.values[id])
    expect((await search('--image', '3', '--k', '4')).neighbours).toEqual(neighbours.slice(0, 4))
    const all = await search('--image', '3', '--k', '5000')
    expect(new Set(all.neighbours.map(({ id }) => id)).size).toBe(2000)
    const near = await search('--image', '3', '--k', '5000', '--radius', '1')
    expect(near.neighbours).toEqual(all.neighbours.filter(({ hamming }) => hamming <= 1))
    const bucket = await search('--image', '3', '--k', '5000', '--radius', '0')
    expect(bucket.neighbours).toEqual(all.neighbours.filter(({ hamming }) => hamming === 0))
  })

  test('of a picture of an image that is there finds that first', async () => {
    for (const row of [0, 7, 1234]) {
      const { query, neighbours } = await search('--image', await pictureOf(row), '--k', '1')
      expect(query).toEqual({ label: null })
      expect(neighbours).toMatchObject([{ id: row, hamming: 0 }])
      // Its brightest pixel is made 255.
      expect(neighbours[0]?.distance).toBeLessThan(1e-3)
    }
  })

  test('shows pictures without control characters, and writes a sheet of them', async () => {
    const args = ['search', 'digits.index', '--image', '0', '--k', '5', '--sheet', 'sheet.png']
    const { code, stdout, stderr } = await gradpool(args, { cwd, env: { FORCE_COLOR: '1' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toMatch(controlCharacter)
    expect(stdout).toMatch(/^Query: test image 0 of data, label 7\n/)
    expect(stdout).toContain('5 of 2000 images, the nearest first by the 10 bits of mnist_hash_2:')
    expect(stdout).toMatch(/[▀▄█]/)
    const { neighbours } = await search('--image', '0', '--k', '5')
    for (const { id, label } of neighbours) expect(stdout).toContain(`${label} (#${id})`)

    const sheet = PNG.sync.read(await readFile(join(cwd, 'sheet.png')))
    const { fields } = await images()
    const shown = [
      fields.test.image.values.subarray(0, 784),
      ...neighbours.map(({ id }) => fields.train.image.values.subarray(784 * id, 784 * (id + 1))),
    ]
    shown.forEach((pixels, index) => {
      const top = 16 + Math.floor(index / 4) * (112 + 3 * 20 + 16)
      const left = 16 + (index % 4) * (112 + 16)
      pixels.forEach((grey, pixel) => {
        const [y, x] = [top + 4 * Math.floor(pixel / 28), left + 4 * (pixel % 28)]
        if (sheet.data[4 * (y * sheet.width + x)] !== grey) expect({ index, pixel }).toBe('the same')
      })
    })
  })
})

describe('an index', () => {
  test('is of the experiment asked for, the same bytes each time', async () => {
    const build = (out: string, ...args: string[]) => gradpool(['index', 'build', ...args, '--out', out], { cwd })
    await build('again.index')
    const bytes = await readFile(join(cwd, 'digits.index'))
    expect((await readFile(join(cwd, 'again.index'))).equals(bytes)).toBe(true)
    const [run = ''] = await runsIn(cwd)
    const { code } = await build('one.index', `${run}/mnist_hash_1@0`)
    expect(code).toBe(0)
    const { model, bits, size } = await HashIndex.load(join(cwd, 'one.index'))
    expect({ name: model.name, bits, size }).toEqual({
      name: 'mnist_hash_1@0',
      bits: 10,
      size: 2000,
    })
  })

  test('is of a file, whose images are to be named', async () => {
    const { path } = await findStageModel('latest/mnist_hash_1', { runs: join(cwd, 'runs') })
    await cp(path, join(cwd, 'codes.gradpool'))
    const args = ['index', 'build', 'codes.gradpool', '--out', 'file.index']
    await expectMistake(args, /name them, with --data mnist or a folder/, { cwd })
    expect(await gradpool([...args, '--data', 'data'], { cwd })).toMatchObject({ code: 0 })
    const { model, size } = await HashIndex.load(join(cwd, 'file.index'))
    expect({ name: model.name, size }).toEqual({ name: 'codes', size: 2000 })
    const other = args.with(2, (await findStageModel('latest/mnist_auto_1', { runs: join(cwd, 'runs') })).path)
    await expectMistake(other, /has no encoder: it predicts no code/, { cwd })
  })

  test('needs its run no more, and finds its images where they are now', async () => {
    const elsewhere = await emptyFolder()
    await cp(join(cwd, 'digits.index'), join(elsewhere, 'x.index'))
    await cp(data, join(elsewhere, 'moved'), { recursive: true })
    const expected = await search('--image', '5')
    await rename(join(cwd, 'runs'), join(cwd, 'gone'))
    await rename(data, join(cwd, 'away'))
    try {
      const args = ['search', 'x.index', '--image', '5', '--json', '--data', 'moved']
      const { stdout } = await gradpool(args, { cwd: elsewhere })
      expect(JSON.parse(stdout)).toEqual(expected)
      await expectMistake(['search', 'x.index', '--image', '5'], /data folder .*data does not exist/, {
        cwd: elsewhere,
      })
    } finally {
      await rename(join(cwd, 'gone'), join(cwd, 'runs'))
      await rename(join(cwd, 'away'), data)
    }
  })

  test('may be of other images than those of the training, of the same size', async () => {
    const other = await dataFolder({
      [names.trainImages]: encodeIdx({ dims: [3, 28, 28], values: new Uint8Array(3 * 784) }),
      [names.trainLabels]: encodeIdx({ dims: [3], values: Uint8Array.of(1, 2, 3) }),
    })
    const args = ['index', 'build', '--data', other, '--out', 'other.index']
    expect(await gradpool(args, { cwd })).toMatchObject({ code: 0 })
    const searching = ['search', 'other.index', '--image', '0', '--json']
    const { stdout } = await gradpool(searching, { cwd })
    expect((JSON.parse(stdout) as Document).neighbours.map(({ label }) => label)).toEqual([1, 2, 3])
  })
})

describe('building is refused', () => {
  const build = (...args: string[]) => ['index', 'build', '--out', 'never.index', ...args]

  test.each<[string, string[], RegExp]>([
    ['without a file to write', ['index', 'build'], /'--out <file>' not specified/],
    ['without saying what to do', ['index'], /^Say what to do with an index/],
    ['where that is misspelt', ['index', 'biuld', '--out', 'x'], /`gradpool index build TARGET/],
    ['for a run that is not there', build('nothing/mnist_hash_1'), /no run 'nothing'/],
    [
      'for an experiment that is not there',
      build('latest/mnist_hash_3'),
      /no experiment 'mnist_hash_3': did you mean 'mnist_hash_[12]'\?/,
    ],
    ['for an experiment without an encoder', build('latest/mnist_mlp_1p'), /^'latest\/mnist_mlp_1p' has no encoder: /],
    [
      'for codes that are no bits',
      build('latest/mnist_auto_1'),
      /codes of mnist_auto_1 are not numbers from 0 to 1, .* 'sigmoid'/,
    ],
    ['for another seed', build('latest/mnist_hash_2@3'), /no experiment 'mnist_hash_2@3': its seeds/],
    ['in a folder that is not there', build('--out', 'none/x.index'), /cannot be written .*none/],
    ['where there is a folder', build('--out', 'data'), /^'data' is a folder, not a file$/m],
    ['for data that are not there', build('--data', 'none'), /data folder .*none does not exist/],
  ])('%s', async (_, args, sentence) => {
    await expectMistake(args, sentence, { cwd })
  })

  test.skipIf(process.platform !== 'linux')('where nobody may write', async () => {
    await expectMistake(build('--out', '/proc/x.index'), /cannot be written .*\/proc/, { cwd })
  })

  test('for images of another size', async () => {
    const idx = (count: number) => encodeIdx({ dims: [count, 8, 8], values: new Uint8Array(count * 64) })
    const other = await dataFolder({ [names.trainImages]: idx(2000), [names.testImages]: idx(200) })
    await expectMistake(build('--data', other), /^mnist_hash_2 does not fit images of 8 × 8 pix/, {
      cwd,
    })
  })

  test('for a run without codes, one that is not done, and one that is damaged', async () => {
    const own = await emptyFolder()
    await cp(join(cwd, 'runs'), join(own, 'runs'), { recursive: true })
    const [name = ''] = await runsIn(own)
    const run = join(own, 'runs', name)
    const hash = `${run}/mnist_hash_1`
    const { experiments } = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as {
      experiments: { name: string; stages: { hash: string }[] }[]
    }
    const stage = experiments.find((one) => one.name === 'mnist_hash_1')?.stages[0]?.hash ?? ''
    const weights = join(run, 'stages', stage, 'model.gradpool')
    const bytes = await readFile(weights)
    await writeFile(
      weights,
      bytes.map((byte, at) => (at === bytes.length - 9 ? byte ^ 1 : byte)),
    )
    await expectMistake(build(hash), /model\.gradpool' is not as it was written/, { cwd })
    await truncate(weights, 1000)
    await expectMistake(build(hash), /model\.gradpool' is not as it was written/, { cwd })
    await rm(join(run, 'stages', stage, 'done'))
    await expectMistake(build(hash), /autoencode stage of mnist_hash_1 .* is not done/, {
      cwd,
    })

    const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--data', data]
    expect(await gradpool(args, { cwd: own })).toMatchObject({ code: 0 })
    await expectMistake(build('--runs', join(own, 'runs')), /^'latest' has no encoder/, { cwd })
  })
})

describe('searching is refused', () => {
  const asked = (...args: string[]) => ['search', 'digits.index', ...args]
  const blank = PNG.sync.write(new PNG({ width: 9, height: 9 }))
  const wide = Buffer.from(blank)
  wide.writeUInt32BE(50_000, 16)
  wide.writeUInt32BE(50_000, 20)

  beforeAll(async () => {
    await writeFile(join(cwd, 'blank.png'), blank)
    await writeFile(join(cwd, 'wide.png'), wide)
    await writeFile(join(cwd, 'broken.png'), blank.subarray(0, -14))
    await writeFile(join(cwd, 'text.png'), 'no picture')
    const bytes = await readFile(join(cwd, 'digits.index'))
    await writeFile(join(cwd, 'cut.index'), bytes.subarray(0, -100))
    await writeFile(join(cwd, 'long.index'), Buffer.concat([bytes, Buffer.alloc(9)]))
    const flipped = bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte))
    await writeFile(join(cwd, 'flipped.index'), flipped)
    const { encoder, model, bits } = await HashIndex.load(join(cwd, 'digits.index'))
    const save = (name: string, options: Parameters<typeof HashIndex.create>[0]) =>
      HashIndex.create(options).save(join(cwd, name))
    await save('bare.index', { bits, model })
    await save('other.index', { bits, model: { ...model, hash: 'f'.repeat(64) }, encoder })
    await save('wider.index', { bits: 12, model, encoder })
    await save('odd.index', { bits, model, encoder: Buffer.from('no encoder') })
    await mkdir(join(cwd, 'taken.png'))
  })

  test.each<[string, string[], RegExp]>([
    ['without an image', asked(), /'--image <image>' not specified/],
    ['for an image beyond the last', asked('--image', '200'), /from 0 to 199, .*, not '200'$/m],
    ['for a file that is not there', asked('--image', 'none.png'), /no file 'none\.png'/],
    ['for a negative number', asked('--image', '-1'), /no file '-1'/],
    ['for a folder', asked('--image', 'data'), /'data' is a folder, not a file/],
    ['for a blank picture', asked('--image', 'blank.png'), /'blank\.png' shows nothing/],
    ['for a picture far too large', asked('--image', 'wide.png'), /50000 × 50000 pixels/],
    ['for a broken picture', asked('--image', 'broken.png'), /'broken\.png' is a damaged PNG/],
    ['for a text', asked('--image', 'text.png'), /'text\.png' is not a PNG file/],
    ['for no neighbours', asked('--image', '0', '--k', '0'), /^--k must be .* from 1 to/],
    ['for a radius that is none', asked('--image', '0', '--radius', 'x'), /^--radius must be/],
    ['for a sheet that is a folder', asked('--image', '0', '--sheet', 'taken.png'), /taken\.png/],
    ['for a sheet in no folder', asked('--image', '0', '--sheet', 'no/s.png'), /no\/s\.png/],
    ['without an index', ['search', '--image', '0'], /missing required argument 'index'/i],
    ['in no file', ['search', 'none.index', '--image', '0'], /none\.index .*no such file/],
    ['in a picture', ['search', 'blank.png', '--image', '0'], /blank\.png is not a whole index/],
    ['in an index cut short', ['search', 'cut.index', '--image', '0'], /cut\.index is not a whole/],
    ['in one that is too long', ['search', 'long.index', '--image', '0'], /long\.index is not a/],
    ['in a changed one', ['search', 'flipped.index', '--image', '0'], /flipped\.index .*checksum/],
    ['in one without encoder', ['search', 'bare.index', '--image', '0'], /'bare\.index' has no enc/],
    [
      'with the codes of another model, by its hash',
      ['search', 'other.index', '--image', '0'],
      /mnist_hash_2 \(ffffffffffff\).*mnist_hash_2 \([0-9a-f]{12}\)/,
    ],
    ['with codes of another width', ['search', 'wider.index', '--image', '0'], /12 bits.*makes 10/],
    ['with an odd encoder', ['search', 'odd.index', '--image', '0'], /'odd\.index' is not a whole/],
  ])('%s', async (_, args, sentence) => {
    await expectMistake(args, sentence, { cwd })
  })

  test('for other images than were indexed', async () => {
    const other = await dataFolder({
      [names.testLabels]: encodeIdx({ dims: [200], values: new Uint8Array(200) }),
    })
    await expectMistake(asked('--image', '0', '--data', other), /images of data are not those of/, {
      cwd,
    })
  })

  test('and leaves a sheet that was there as it was', async () => {
    const own = await emptyFolder()
    const search = (image: string) => ['search', join(cwd, 'digits.index'), '--image', image, '--sheet', 'sheet.png']
    for (const [before, image, sentence] of [
      ['\u0089PNG before', '999', /from 0 to 199/],
      ['before', '0', /^The file 'sheet\.png' exists and is not a PNG file; name another file$/m],
    ] as const) {
      await writeFile(join(own, 'sheet.png'), before, 'latin1')
      await expectMistake(search(image), sentence, { cwd: own })
      expect(await readFile(join(own, 'sheet.png'), 'latin1')).toBe(before)
      expect(await contentsOf(own)).toEqual(['sheet.png'])
    }
  })
})
