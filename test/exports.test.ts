// Saved models in other formats and with smaller weights, by the command; and every model of the catalogue as ONNX.
import { existsSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Values } from '@gradpool/core'
import { initialState, sizeOf, type Split } from '@gradpool/core/engine'
import { inMemory, loadDataset } from '@gradpool/datasets'
import { expectClose, onnxRuntime, runOnnx } from '@gradpool/engine-contract'
import { exportTfjsGraph } from '@gradpool/engine-tensorflow'
import { catalogue, type ExperimentConfig, planExperiment } from '@gradpool/experiments'
import { toOnnx } from '@gradpool/onnx'
import { cacheFolder, decodeSavedModel } from '@gradpool/storage'
import { encodeModel } from '@gradpool/trainer'
import '@tensorflow/tfjs-backend-cpu'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import * as tf from '@tensorflow/tfjs-core'
import { adam, csv, fit, loadModel, regress } from 'gradpool'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gradpool, gradpoolHere, temporaryFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

const runtime = await onnxRuntime(cacheFolder())

const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const

// tfjs in plain JavaScript, as a browser has it.
tf.env().set('IS_NODE', false)

type Loaded = Awaited<ReturnType<typeof loadModel>>

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const rows = [
  { size: 120, kind: 'villa' },
  { size: NaN, kind: 'flat' },
]

beforeAll(async () => {
  folder = await temporaryFolder()
  const houses = Array.from({ length: 90 }, (_, i) => {
    const kind = i % 3
    return [
      i % 17 === 3 ? '' : 50 + ((37 * i) % 100),
      ['flat', 'hut', 'villa'][kind],
      3 * ((37 * i) % 100) + 100 * kind,
    ]
  })
  const table = join(folder.path, 'houses.csv')
  await writeFile(table, ['size,kind,price', ...houses.map((row) => row.join())].join('\n'))
  const data = csv(table, { target: 'price', missing: 'mean' })
  const fitted = await fit(regress({ hidden: [256] }), { data, optimizer: adam(0.01), epochs: 20, progress: false })
  await fitted.save(join(folder.path, 'houses.gradpool'))
})
afterAll(() => folder.remove())

describe('export', () => {
  const run = (...args: string[]) => gradpoolHere(['export', 'houses.gradpool', ...args], folder.path)

  test.runIf(runtime)('--onnx writes what predicts the same', async () => {
    if (!runtime) return
    const { code, stdout, stderr } = await gradpool(['export', 'houses.gradpool', '--onnx', 'houses.onnx'], {
      cwd: folder.path,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ONNX: 'houses\.onnx', \d+\.\d KB$/m)
    expect((await run('--onnx', 'one.onnx', '--batch', '1')).code).toBe(0)
    await using model = await loadModel(join(folder.path, 'houses.gradpool'))
    const { x } = model.rows(rows)
    const { estimate } = await model.predict({ x })
    const [both] = await runOnnx(runtime, await readFile(join(folder.path, 'houses.onnx')), [
      { x: { values: x, shape: [2, 2] } },
    ])
    expectClose(both?.estimate?.values ?? [], estimate ?? [], 1e-5, () => 'both')
    const first = { x: { values: x.slice(0, 2), shape: [1, 2] } }
    const [one] = await runOnnx(runtime, await readFile(join(folder.path, 'one.onnx')), [first])
    expectClose(one?.estimate?.values ?? [], estimate?.slice(0, 1) ?? [], 1e-5, () => 'one')
    await expect(
      runOnnx(runtime, await readFile(join(folder.path, 'one.onnx')), [{ x: { values: x, shape: [2, 2] } }]),
    ).rejects.toThrow()
  })

  test('--weights prints what it changes', async () => {
    const { code, stdout, stderr } = await run('--weights', 'i8', '--out', 'small.gradpool', '--data', 'houses.csv')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Weights of i8: 'small\.gradpool', \d+\.\d KB of \d+\.\d KB$/m)
    expect(stdout).toMatch(/^ +before +after +change$/m)
    expect(stdout).toMatch(/^r2 +\d\.\d+ +\d\.\d+ +[-+]?\d/m)
    const [small, whole] = ['small', 'houses'].map((name) => statSync(join(folder.path, `${name}.gradpool`)).size)
    expect(small).toBeLessThan(whole ?? 0)
    const { stdout: shown } = await gradpoolHere(['show', 'small.gradpool'], folder.path)
    expect(shown).toMatch(/^weights +stored as i8$/m)
    const { stdout: told } = await run('--weights', 'f16', '--out', 'half.gradpool')
    expect(told).toContain('What that changes is told over examples: --data FILE')
  })

  test('several at once', async () => {
    const { code, stdout, stderr } = await run('--tfjs', 'tfjs', '--saved-model', 'saved-model', '--onnx', 'more.onnx')
    expect({ code, stderr, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, stderr: '', lines: 3 })
    for (const file of ['tfjs/model.json', 'tfjs/weights.bin', 'saved-model/saved_model.pb', 'more.onnx']) {
      expect(existsSync(join(folder.path, file)), file).toBe(true)
    }
  })

  test.each([
    [[], /Say what to make: --onnx FILE/],
    [['--batch', '2'], /--batch is of ONNX, so it needs --onnx FILE/],
    [['--weights', 'i8'], /--weights and --out FILE need each other/],
    [['--weights', 'i4', '--out', 'x'], /--weights must be f16 or i8, not 'i4'/],
    [['--onnx', 'x.onnx', '--data', 'houses.csv'], /--data is what smaller weights are judged on/],
    [['--weights', 'i8', '--out', 'x', '--data', 'houses.gradpool'], /has no examples/],
    [['--weights', 'i8', '--out', 'x', '--data', 'none.csv'], /none\.csv/],
  ])('%j is a mistake', async (args, sentence) => {
    await expectMistake(['export', 'houses.gradpool', ...args], sentence, { cwd: folder.path })
  })
})

describe('the catalogue', () => {
  const datasets = new Map<string, ReturnType<typeof loadDataset>>()

  /** Its data; for those of a package that is not installed, a text of its characters. */
  async function dataOf({ data }: ExperimentConfig) {
    if (!('kind' in data) || data.kind !== 'text') return data
    const book = join(folder.path, 'book.txt')
    await writeFile(book, Array.from({ length: 9000 }, (_, i) => 'the whale, and the sea. '[(i * i + i) % 24]).join(''))
    return { ...data, paths: [book] }
  }

  /** Models with their first weights, and the data that they are of. */
  async function stagesOf(config: ExperimentConfig) {
    const data = await dataOf(config)
    const key = JSON.stringify(data)
    const dataset = await (datasets.get(key) ?? loadDataset(data))
    datasets.set(key, Promise.resolve(dataset))
    return planExperiment(config, { dataset, seed: 0 }).stages.map(({ name, model, training, table }) => {
      const { fields } = training.data
      const states = initialState(training.program.program, 3)
      const trained = { model, fields, states, table, provenance: {}, metrics: {} }
      return { name, data: training.data, bytes: encodeModel(trained, { onLeftOut: () => undefined }) }
    })
  }

  /** So many examples, and what is in no data, such as noise. */
  function batchOf({ inputs }: Loaded, { fields, rows }: Split, count: number) {
    const held = inMemory({ fields, rows: rows.slice(0, count) })
    const values = Object.entries(inputs).map(([name, { shape, dtype }]) => {
      const [field, size] = [held.fields[name], sizeOf(shape)]
      const made: Values = new ARRAYS[dtype](count * size)
      held.rows.forEach((row, at) => {
        for (let i = 0; i < size; i++)
          made[at * size + i] = field ? (field.values[row * size + i] ?? 0) : Math.sin(at + i)
      })
      return [name, { values: made, shape: [count, ...shape] }] as const
    })
    return Object.fromEntries(values)
  }

  async function expectSame(
    loaded: Loaded,
    batch: ReturnType<typeof batchOf>,
    got: (output: string) => ArrayLike<number>,
  ) {
    const inputs = Object.fromEntries(Object.entries(batch).map(([name, { values }]) => [name, values]))
    for (const [output, values] of Object.entries(await loaded.predict(inputs))) {
      expectClose(got(output), values, 1e-5, () => output)
    }
  }

  const all = [...catalogue().values()].map((config) => [config.name, config] as const)

  test.runIf(runtime).each(all)('%s as ONNX', { timeout: 240_000 }, async (_, config) => {
    if (!runtime) return
    for (const { bytes, data } of await stagesOf(config)) {
      await using loaded = await loadModel(bytes)
      const [one, three, two] = [1, 3, 2].map((count) => batchOf(loaded, data, count))
      if (!one || !three || !two) return
      const any = await runOnnx(runtime, toOnnx(bytes), [one, three])
      const fixed = await runOnnx(runtime, toOnnx(bytes, { batchSize: 2 }), [two])
      for (const [at, batch] of [one, three, two].entries()) {
        const got = [...any, ...fixed][at] ?? {}
        await expectSame(loaded, batch, (output) => got[`${output}_2`]?.values ?? got[output]?.values ?? [])
      }
    }
  })

  // One of each kind: tfjs in plain JavaScript is slow.
  const few = ['mnist_cnn', 'mnist_gan', 'mnist_rows_gru', 'penguins', 'co2', 'text_transformer']
  test.each(all.filter(([name]) => few.includes(name)))(
    '%s as a graph of tfjs',
    { timeout: 240_000 },
    async (name, config) => {
      for (const { bytes, data } of await stagesOf(config)) {
        await using loaded = await loadModel(bytes)
        const into = join(folder.path, name)
        await exportTfjsGraph(decodeSavedModel(bytes, name), into)
        const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(into, 'model.json'), 'utf8')) as {
          readonly modelTopology: object
          readonly weightsManifest: readonly [{ readonly weights: tf.io.WeightsManifestEntry[] }]
        }
        const weightData = Uint8Array.from(await readFile(join(into, 'weights.bin'))).buffer
        const artifacts = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData }
        const graph = await loadGraphModel(tf.io.fromMemory(artifacts))
        for (const count of [1, 2]) {
          const batch = batchOf(loaded, data, count)
          const tensors = Object.entries(batch).map(([input, { values, shape }]) => {
            const dtype = values instanceof Float32Array ? 'float32' : 'int32'
            return [`input_${input}`, tf.tensor([...values], [...shape], dtype)] as const
          })
          const outputs = [graph.predict(Object.fromEntries(tensors))].flat()
          await expectSame(loaded, batch, (output) => {
            const at = graph.outputs.findIndex((each) => each.name === `output_${output}`)
            return (outputs[at] as tf.Tensor | undefined)?.dataSync() ?? []
          })
        }
      }
    },
  )
})
