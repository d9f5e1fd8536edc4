// Saved models on the command line: what they are, and what they predict.
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  accuracy,
  adam,
  add,
  arrays,
  type Batch,
  classify,
  crossEntropy,
  csv,
  defineModel,
  dense,
  fit,
  mean,
  parameter,
  softmax,
  square,
  sub,
  sum,
  mul,
  zeros,
} from 'gradpool'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyFolder, gradpool, gradpoolHere, temporaryFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

const digitsModel = defineModel({
  params: { hidden: dense(784, 8, { activation: 'relu' }), output: dense(8, 10) },
  step({ hidden, output }, { image, label }) {
    const logits = output(hidden(mul(image, 1 / 255)))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict: ({ hidden, output }, { image }) => ({
    probabilities: softmax(output(hidden(mul(image, 1 / 255)))),
  }),
})

/** y = 0.5 a b + c, of a [2, 2] and a number. */
const sumModel = defineModel({
  params: { weight: parameter([2, 2], zeros), bias: parameter([], zeros) },
  step: ({ weight, bias }, { x, size, y }: Batch<'x' | 'size' | 'y'>) => ({
    loss: mean(square(sub(add(sum(mul(x, weight), [1, 2]), mul(size, bias)), y))),
  }),
  predict: ({ weight, bias }, { x, size }: Batch<'x' | 'size'>) => ({
    estimate: add(sum(mul(x, weight), [1, 2]), mul(size, bias)),
    parts: mul(x, weight),
  }),
})

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let digits = ''
let sums = ''
let flowers = ''

beforeAll(async () => {
  folder = await temporaryFolder()
  digits = join(folder.path, 'digits.gradpool')
  sums = join(folder.path, 'sums.gradpool')
  const image = { values: Uint8Array.from({ length: 20 * 784 }, (_, at) => at % 256), shape: [784] }
  const label = { values: Uint8Array.from({ length: 20 }, (_, row) => row % 10), shape: [] }
  const data = { image, label }
  const options = { optimizer: adam(0.01), batchSize: 5, epochs: 2, seed: 3, progress: false }
  const trained = await fit(digitsModel, { data, validation: 0.2, ...options })
  await trained.save(digits)
  const x = { values: Float32Array.from({ length: 40 }, (_, at) => at % 7), shape: [2, 2] }
  const size = { values: Float32Array.from({ length: 10 }, (_, at) => at), shape: [] }
  const fitted = await fit(sumModel, { data: { x, size, y: size }, ...options, epochs: 1 })
  await fitted.save(sums)
  flowers = join(folder.path, 'flowers.gradpool')
  const rows = Array.from({ length: 60 }, (_, i) => [
    i % 17 === 3 ? '' : i,
    i % 3 ? 'clay' : 'sand',
    i < 30 ? 'rose' : 'aster',
  ])
  const table = join(folder.path, 'flowers.csv')
  await writeFile(table, ['petal,soil,kind', ...rows.map((row) => row.join())].join('\n'))
  const kinds = csv(table, { target: 'kind', missing: 'median' })
  const more = { optimizer: adam(0.01), epochs: 30, progress: false }
  await (await fit(classify({ hidden: [8], field: 'x' }), { data: kinds, ...more })).save(flowers)
})
afterAll(() => folder.remove())

test('show tells what a saved model is', async () => {
  const { code, stdout, stderr } = await gradpool(['show', digits])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = [
    /^Model digits: .*digits\.gradpool$/m,
    /^hidden +weight \[784, 8\], bias \[8\] +6,280$/m,
    /^output +weight \[8, 10\], bias \[10\] +90$/m,
    /^all +6,370$/m,
    /^reads +image u8\[784\]$/m,
    /^predicts +probabilities f32\[10\]$/m,
    /^data +arrays, hash [0-9a-f]{16}…$/m,
    /^optimizer +adam, learning rate 0\.01, /m,
    /^examples +16$/m,
    /^epochs +2$/m,
    /^seed +3$/m,
    /^batch size +5$/m,
    /^validation\.accuracy +\d/m,
    /^hash +[0-9a-f]{64}$/m,
  ]
  for (const line of lines) expect(stdout).toMatch(line)
  const json = await gradpoolHere(['show', digits, '--json'], folder.path)
  expect(JSON.parse(json.stdout)).toMatchObject({
    title: 'digits',
    parameters: [
      { name: 'hidden.bias', shape: [8], size: 8 },
      { name: 'hidden.weight' },
      { name: 'output.bias' },
      { name: 'output.weight', shape: [8, 10] },
    ],
    inputs: [{ name: 'image', dtype: 'u8', shape: [784] }],
    outputs: [{ name: 'probabilities', dtype: 'f32', shape: [10] }],
    training: { epochs: 2, seed: 3, batchSize: 5, optimizer: { kind: 'adam' } },
    metrics: { validation: { accuracy: expect.any(Number) as number } },
    hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  })
})

describe('predict', () => {
  test('takes a picture, and tells the classes, the likeliest first', async () => {
    const cwd = await emptyFolder()
    await writeFile(join(cwd, 'my.png'), picture(40, 50))
    const { code, stdout, stderr } = await gradpool(['predict', digits, '--image', 'my.png'], {
      cwd,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^probabilities +\d: /m)
    const parts = [...stdout.matchAll(/ (\d): (\d+\.\d) %$/gm)]
    expect(new Set(parts.map(([, digit]) => digit)).size).toBe(10)
    const likelihoods = parts.map(([, , likelihood]) => Number(likelihood))
    expect(likelihoods).toEqual(likelihoods.toSorted((a, b) => b - a))
    const json = await gradpoolHere(['predict', digits, '--image', 'my.png', '--json'], cwd)
    const { probabilities } = JSON.parse(json.stdout) as { probabilities: number[] }
    expect(Math.max(...probabilities) * 100).toBeCloseTo(likelihoods[0] ?? NaN, 1)
  })

  test('takes rows, nested or flat, and gives one object for each', async () => {
    const cwd = await emptyFolder()
    const rows = [
      {
        x: [
          [1, 2],
          [3, 4],
        ],
        size: 2,
      },
      { x: [1, 2, 3, 4], size: 2, note: 'left aside' },
      { size: 0, x: [0, 0, 0, 0] },
    ]
    const text = rows.map((row) => JSON.stringify(row)).join('\n')
    await writeFile(join(cwd, 'rows.jsonl'), `${text}\n\n`)
    const args = ['predict', sums, '--data', 'rows.jsonl']
    const { code, stdout, stderr } = await gradpoolHere([...args, '--json'], cwd)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [first, second, third, ...more] = stdout.trimEnd().split('\n')
    expect(more).toEqual([])
    expect(second).toBe(first)
    expect(JSON.parse(first ?? '')).toEqual({
      estimate: expect.any(Number) as number,
      parts: [
        [expect.any(Number), expect.any(Number)],
        [expect.any(Number), expect.any(Number)],
      ],
    })
    expect(JSON.parse(third ?? '')).toEqual({
      estimate: 0,
      parts: [
        [0, 0],
        [0, 0],
      ],
    })
    const table = await gradpoolHere(args, cwd)
    expect(table.stdout).toMatch(/^row +estimate +parts$/m)
    expect(table.stdout).toMatch(/^ *2 +0 +0, 0, 0, 0$/m)
  })

  test.each<[string, RegExp]>([
    ['', /^'rows\.jsonl' has no rows$/m],
    ['{"x": [1', /^rows\.jsonl:1 is not JSON: /],
    ['3', /^rows\.jsonl:1 is no row: it must be a JSON object/],
    ['\n{"x": [1, 2, 3, 4]}', /^rows\.jsonl:2 has no 'size', f32\[\]$/m],
    ['{"x": [1, 2, 3], "size": 1}', /^rows\.jsonl:1: 'x', f32\[2, 2\], .* an array of 3 values$/m],
    ['{"x": [[1, 2]], "size": 1}', /^rows\.jsonl:1: 'x', .* an array of 1 × 2 values$/m],
    ['{"x": [1, 2, 3, "4"], "size": 1}', /^rows\.jsonl:1: 'x', .* takes finite numbers, not "4"$/m],
    ['{"x": [1, 2, 3, 1e999], "size": 1}', /^rows\.jsonl:1: 'x', .* takes finite numbers, not /],
    ['{"x": 5, "size": 1}', /^rows\.jsonl:1: 'x', f32\[2, 2\], .* one value$/m],
  ])('refuses the rows %j', async (text, sentence) => {
    const cwd = await emptyFolder()
    await writeFile(join(cwd, 'rows.jsonl'), text)
    await expectMistake(['predict', sums, '--data', 'rows.jsonl'], sentence, { cwd })
  })

  test('refuses what does not fit the model, and models that are none', async () => {
    const cwd = await emptyFolder()
    await writeFile(join(cwd, 'my.png'), picture(28, 28))
    await writeFile(join(cwd, 'text.gradpool'), 'no model')
    const bytes = JSON.stringify({ image: new Array<number>(784).fill(256) })
    await writeFile(join(cwd, 'rows.jsonl'), bytes)
    const mistakes: [string[], RegExp][] = [
      [[digits], /^Say what to predict from: --image /],
      [[digits, '--image', 'a.png', '--data', 'b.jsonl'], /^Say what to predict from: /],
      [[sums, '--image', 'my.png'], /^--image is for models that read one picture, .* x f32\[2, 2\], /],
      [[digits, '--image', 'none.png'], /^There is no file 'none\.png'$/m],
      [[digits, '--data', 'none.jsonl'], /^There is no file 'none\.jsonl'$/m],
      [[digits, '--data', 'rows.jsonl'], /whole numbers from 0 to 255, not 256$/m],
      [['none.gradpool', '--image', 'my.png'], /^there is no file 'none\.gradpool'$/m],
      [['text.gradpool', '--image', 'my.png'], /'text\.gradpool' /],
      [['latest/one', '--image', 'my.png'], /^There are no runs in 'runs'/],
    ]
    for (const [args, sentence] of mistakes) {
      await expectMistake(['predict', ...args], sentence, { cwd })
    }
    await expectMistake(['show', 'none.gradpool'], /^there is no file 'none\.gradpool'$/m, { cwd })
    await expectMistake(['show', 'text.gradpool'], /'text\.gradpool' /, { cwd })
  })
})

/** A bright bar on black. */
function picture(width: number, height: number): Buffer {
  const png = new PNG({ width, height })
  for (let at = 0; at < width * height; at += 1) {
    const isLit = at % width > width / 3 && at % width < width / 2 && at > width * 5 && at < width * (height - 5)
    png.data.set([...new Array<number>(3).fill(isLit ? 255 : 0), 255], 4 * at)
  }
  return PNG.sync.write(png)
}

describe('predict of a table', () => {
  const files = {
    'rows.csv': 'id,soil,petal\n7,sand,5\n8,,50\n9,clay,NA\n',
    'rows.tsv': 'soil\tpetal\tid\nsand\t5\t7\n\t50\t8\nclay\t\t9\n',
    'rows.jsonl': '{"soil":"sand","petal":5,"id":7}\n{"petal":50}\n{"soil":"clay","petal":null}\n',
    'inputs.jsonl': '{"x":[5,1]}\n{"x":[50,null]}\n{"x":[null,0]}\n',
    'rows.npy': npyBytes([3, 2], [5, 1, 50, NaN, NaN, 0]),
    'bad.csv': 'soil,petal\nloam,5\n',
    'less.csv': 'soil\nclay\n',
    'wide.npy': npyBytes([2, 3], [1, 2, 3, 4, 5, 6]),
    'rows.npz': npyBytes([1], [1]),
  }
  let cwd = ''
  beforeAll(async () => {
    cwd = folder.path
    for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content)
  })

  test('takes columns by their names, and categories, from any file', async () => {
    const outputs = await Promise.all(
      ['rows.csv', 'rows.tsv', 'rows.jsonl', 'inputs.jsonl', 'rows.npy'].map(async (name) => {
        const { code, stdout } = await gradpoolHere(['predict', flowers, '--data', name, '--json'], cwd)
        expect(code).toBe(0)
        return stdout
      }),
    )
    expect(new Set(outputs).size).toBe(1)
    const lines = (outputs[0] ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { estimate: string })
    expect(lines.map(({ estimate }) => estimate)).toEqual(['rose', 'aster', 'rose'])
  })

  test('tells classes by their names, and what it leaves aside', async () => {
    const args = ['predict', flowers, '--data', 'rows.csv']
    const table = await gradpool(args, { cwd })
    expect(table.stdout).toMatch(/^ *1 +aster +aster: \S+, rose: -\S+$/m)
    expect(table.stderr).toBe('Left aside, since the model does not read it: id\n')
    const { stdout } = await gradpoolHere([...args, '--csv'], cwd)
    expect(stdout).toMatch(/^estimate,logits\.aster,logits\.rose\nrose,-?[\d.]+,-?[\d.]+\naster,/)
    const shown = await gradpoolHere(['show', flowers], cwd)
    for (const line of [
      /^columns +petal, soil \(clay, sand\)$/m,
      /^learns +kind$/m,
      /^classes +aster, rose$/m,
      /^missing +median$/m,
    ]) {
      expect(shown.stdout).toMatch(line)
    }
    const document = await gradpoolHere(['show', flowers, '--json'], cwd)
    expect(JSON.parse(document.stdout)).toMatchObject({ table: { classNames: ['aster', 'rose'], target: 'kind' } })
  })

  test('refuses what does not fit the model', async () => {
    const mistakes: [string, string, RegExp][] = [
      [
        flowers,
        'bad.csv',
        /^bad\.csv has the category 'loam' in line 2, column 'soil', which is none of 'clay', 'sand'$/m,
      ],
      [flowers, 'less.csv', /^less\.csv has no column 'petal'; its columns are 'soil'$/m],
      [flowers, 'wide.npy', /^'wide\.npy' is \[2, 3\], and the model reads f32\[2\] for each row$/m],
      [flowers, 'rows.npz', /^rows\.npz is not a whole \.npz file/m],
      [flowers, 'none.npy', /^none\.npy is missing, expected a file$/m],
      [
        sums,
        'rows.csv',
        /^'rows\.csv' is a table, and this model was trained on none: it reads x f32\[2, 2\], size f32\[\]/m,
      ],
      [sums, 'rows.npy', /^'rows\.npy' is one array, and this model reads x f32\[2, 2\], size f32\[\]: use \.npz/m],
    ]
    for (const [model, name, sentence] of mistakes) {
      await expectMistake(['predict', model, '--data', name], sentence, { cwd })
    }
    await expectMistake(['predict', flowers, '--data', 'rows.csv', '--json', '--csv'], /^Say how to print it: /, {
      cwd,
    })
  })
})

function npyBytes(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join()},), }`.padEnd(117)
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0])
  return Buffer.concat([start, Buffer.from(`${header}\n`), new Uint8Array(Float32Array.from(values).buffer)])
}

describe('predict of a folder of pictures', () => {
  let cwd = ''
  let lights = ''
  beforeAll(async () => {
    cwd = join(folder.path, 'pictures')
    lights = join(cwd, 'lights.gradpool')
    const pixels = Uint8Array.from({ length: 40 * 48 }, (_, i) => (i < 20 * 48 ? 60 : 190) + ((i * 7) % 30))
    const data = {
      image: { values: pixels, shape: [4, 4, 3] },
      label: Int32Array.from({ length: 40 }, (_, row) => Number(row >= 20)),
    }
    const fitted = await fit(classify({ hidden: [] }), {
      data: arrays(data, { classNames: ['dark', 'light'] }),
      optimizer: adam(0.05),
      epochs: 60,
      workers: 1,
    })
    for (const kind of ['flat', 'kinds/night', 'kinds/day', 'empty']) await mkdir(join(cwd, kind), { recursive: true })
    await fitted.save(lights)
    const grey = (light: number, width = 6, height = 6) => {
      const png = new PNG({ width, height })
      png.data.fill(light)
      for (let at = 3; at < png.data.length; at += 4) png.data[at] = 255
      return PNG.sync.write(png)
    }
    await writeFile(join(cwd, 'flat', 'b.png'), grey(70))
    await writeFile(join(cwd, 'flat', 'a, 1.png'), grey(200, 9, 3))
    await writeFile(join(cwd, 'flat', 'notes.txt'), 'no picture')
    await writeFile(join(cwd, 'flat', '.hidden'), 'x')
    await writeFile(join(cwd, 'kinds', 'night', '1.png'), grey(70))
    await writeFile(join(cwd, 'kinds', 'day', '1.png'), grey(200))
    // Bright, with what `contain` puts beside it.
    await writeFile(join(cwd, 'wide.png'), grey(160, 60, 6))
  })

  test('names each of them, whatever the folder', async () => {
    const { code, stdout, stderr } = await gradpoolHere(['predict', lights, '--data', 'flat', '--csv'], cwd)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Left out, as no picture can be read from it: notes.txt\n',
    })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split(',').slice(0, -2).join())).toEqual([
      'file,estimate',
      '"a, 1.png",light',
      'b.png,dark',
    ])
    const json = await gradpoolHere(['predict', lights, '--data', 'kinds', '--json'], cwd)
    const rows = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { file: string; estimate: string })
    expect(rows.map(({ file, estimate }) => [file, estimate])).toEqual([
      [join('day', '1.png'), 'light'],
      [join('night', '1.png'), 'dark'],
    ])
    const told = await gradpoolHere(['predict', lights, '--data', 'kinds'], cwd)
    expect(told.stdout).toMatch(/^file +estimate +logits/m)
    expect(told.stdout).toMatch(/day.1\.png +light/)
  })

  test('fits them as the training did, where that is said', async () => {
    await mkdir(join(cwd, 'wide'), { recursive: true })
    await copyFile(join(cwd, 'wide.png'), join(cwd, 'wide', 'wide.png'))
    const of = async (...args: readonly string[]) => {
      const { stdout } = await gradpoolHere(['predict', lights, '--data', 'wide', '--json', ...args], cwd)
      return JSON.parse(stdout) as { file: string; logits: number[] }
    }
    const [stretched, cut, beside] = [await of(), await of('--fit', 'cover'), await of('--fit', 'contain')]
    expect(cut).toEqual(stretched)
    expect(beside.logits).not.toEqual(stretched.logits)
    expect(beside.file).toBe('wide.png')
  })

  test('says what is wrong', async () => {
    for (const [args, sentence] of [
      [[lights, '--data', 'empty'], /empty has no picture that can be read$/m],
      [
        [sums, '--data', 'flat'],
        /^'flat' is a folder, which is for models that read the bytes of one picture, and this/,
      ],
      [[lights, '--data', 'none'], /^There is no file 'none'$/m],
    ] as const) {
      await expectMistake(['predict', ...args], sentence, { cwd })
    }
    await expectMistake(['predict', lights, '--data', 'flat', '--fit', 'crop'], /--fit/, { cwd })
  })
})
