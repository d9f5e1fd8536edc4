// Saved models in other formats and with smaller weights, by the command; and every model of the catalogue as ONNX.
import { existsSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Values } from '@gradpool/core'
import { initialState } from '@gradpool/core/engine'
import { inMemory, loadDataset } from '@gradpool/datasets'
import { expectClose, onnxRuntime, runOnnx } from '@gradpool/engine-contract'
import { catalogue, planExperiment } from '@gradpool/experiments'
import { toOnnx } from '@gradpool/onnx'
import { cacheFolder } from '@gradpool/storage'
import { encodeModel, loadModel as loadAny } from '@gradpool/trainer'
import { adam, csv, fit, loadModel, regress } from 'gradpool'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gradpool, gradpoolHere, temporaryFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

const runtime = await onnxRuntime(cacheFolder())

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const rows = [
  { size: 120, kind: 'villa' },
  { size: 60, kind: 'flat' },
]

beforeAll(async () => {
  folder = await temporaryFolder()
  const houses = Array.from({ length: 90 }, (_, i) => {
    const kind = i % 3
    return [50 + ((37 * i) % 100), ['flat', 'hut', 'villa'][kind], 3 * ((37 * i) % 100) + 100 * kind]
  })
  const table = join(folder.path, 'houses.csv')
  await writeFile(table, ['size,kind,price', ...houses.map((row) => row.join())].join('\n'))
  const data = csv(table, { target: 'price' })
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
    const [both] = await runOnnx(runtime, await readFile(join(folder.path, 'houses.onnx')), [{ x: { values: x, shape: [2, 2] } }])
    expectClose(both?.estimate?.values ?? [], estimate ?? [], 1e-5, () => 'both')
    const first = { x: { values: x.slice(0, 2), shape: [1, 2] } }
    const [one] = await runOnnx(runtime, await readFile(join(folder.path, 'one.onnx')), [first])
    expectClose(one?.estimate?.values ?? [], estimate?.slice(0, 1) ?? [], 1e-5, () => 'one')
    await expect(runOnnx(runtime, await readFile(join(folder.path, 'one.onnx')), [{ x: { values: x, shape: [2, 2] } }])).rejects.toThrow()
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

describe.runIf(runtime)('the catalogue as ONNX', () => {
  const datasets = new Map<string, ReturnType<typeof loadDataset>>()

  test.each([...catalogue().values()].map((config) => [config.name, config] as const))('%s', { timeout: 240_000 }, async (_, config) => {
    if (!runtime) return
    const key = JSON.stringify(config.data)
    const dataset = await (datasets.get(key) ?? datasets.set(key, loadDataset(config.data)).get(key))
    if (!dataset) return
    for (const { name, model, training, table } of planExperiment(config, { dataset, seed: 0 }).stages) {
      const fields = training.data.fields
      const states = initialState(training.program.program, 3)
      const leftOut: string[] = []
      const onLeftOut = (message: string) => leftOut.push(message)
      const bytes = encodeModel({ model, fields, states, table, provenance: {}, metrics: {} }, { onLeftOut })
      await using loaded = await loadAny(bytes)
      if (Object.keys(loaded.inputs).length === 0) {
        expect(() => toOnnx(bytes)).toThrow('without a prediction')
        continue
      }
      const counts = [1, 3, 2]
      const batches = counts.map((count) => {
        const { fields: held, rows } = inMemory({ fields, rows: training.data.rows.slice(0, count) })
        const values = Object.entries(loaded.inputs).map(([input, { shape, dtype }]) => {
          const [field, size] = [held[input], shape.reduce((a, b) => a * b, 1)]
          const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array }
          const made: Values = new arrays[dtype](count * size)
          rows.forEach((row, at) => {
            for (let i = 0; i < size; i++) made[at * size + i] = field ? (field.values[row * size + i] ?? 0) : Math.sin(at + i)
          })
          return [input, { values: made, shape: [count, ...shape] }] as const
        })
        return Object.fromEntries(values)
      })
      const got = [
        ...(await runOnnx(runtime, toOnnx(bytes), batches.slice(0, 2))),
        ...(await runOnnx(runtime, toOnnx(bytes, { batchSize: 2 }), batches.slice(2))),
      ]
      for (const [at, batch] of batches.entries()) {
        const inputs = Object.fromEntries(Object.entries(batch).map(([input, { values }]) => [input, values]))
        const expected = await loaded.predict(inputs)
        for (const [output, values] of Object.entries(expected)) {
          const found = got[at]?.[output] ?? got[at]?.[`${output}_2`]
          expectClose(found?.values ?? [], values, 1e-5, () => `${name}: ${output} of ${counts[at] ?? 0} rows`)
        }
      }
    }
  })
})
