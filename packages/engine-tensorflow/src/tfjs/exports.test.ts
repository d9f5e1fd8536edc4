/**
 * Exports, loaded by the libraries they are for: TensorFlow through tfjs-node and Python, tfjs-layers in plain
 * JavaScript.
 */
import { adam, defineModel, mean } from '@gradpool/core'
import { evaluate, initialState, prediction, train, type StateValues } from '@gradpool/core/engine'
import { splitOf } from '@gradpool/engine-contract'
import { averagePool2d, conv2d, dense, depthwiseConv2d, flatten, globalMaxPool, maxPool2d, mlp } from '@gradpool/models'
import '@tensorflow/tfjs-backend-cpu'
import * as tfc from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { exportSavedModel, exportTfjsLayers, findTensorFlow } from '../index.js'
import { configureTensorFlow, loadTensorFlow } from '../tensorflow.js'

tfc.env().set('IS_NODE', false)

const NUM_EXAMPLES = 5
const fields = {
  image: { dtype: 'u8', shape: [2, 6] },
  label: { dtype: 'u8', shape: [] },
} as const
const pixels = Uint8Array.from({ length: NUM_EXAMPLES * 12 }, (_, i) => (i * 89) % 256)
const network = mlp({ input: 12, hidden: [7], classes: 3, activation: 'tanh', scale: 1 / 255 })
const data = splitOf(
  {
    image: { ...fields.image, values: pixels },
    label: { ...fields.label, values: new Uint8Array(NUM_EXAMPLES) },
  },
  NUM_EXAMPLES,
)
const state: StateValues = initialState(train(network, { optimizer: adam(), batchSize: NUM_EXAMPLES, data }).program, 7)
const model = { model: network, state, fields }
const predicted = evaluate(prediction(network, { batchSize: NUM_EXAMPLES, data }).program, {
  state: Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith('head.'))),
  batch: { image: pixels },
}).results
const logits = Array.from(predicted.logits ?? [])
const estimate = Array.from(predicted.estimate ?? [])

const folder = mkdtempSync(join(tmpdir(), 'gradpool-exports-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A Python that has TensorFlow: that of the benchmarks, else the system's. */
const python = [
  fileURLToPath(new URL('../../../../.nx/bench-peers/python/bin/python', import.meta.url)),
  'python3',
].find(
  (command) =>
    (command === 'python3' || existsSync(command)) &&
    spawnSync(command, ['-c', 'import importlib.util as u; exit(u.find_spec("tensorflow") is None)']).status === 0,
)
configureTensorFlow()
const hasTensorFlow = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1' && (await findTensorFlow()) !== undefined

function expectClose(actual: ArrayLike<number>, wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length)
  wanted.forEach((value, index) => expect(actual[index]).toBeCloseTo(value, 4))
}

describe('a SavedModel', () => {
  const dir = join(folder, 'saved-model')

  test.runIf(hasTensorFlow)('is loaded by tfjs-node, and takes any number of examples', async () => {
    exportSavedModel(model, dir)
    const tf = loadTensorFlow()
    const loaded = await tf.node.loadSavedModel(dir)
    for (const count of [1, NUM_EXAMPLES]) {
      const image = tf.tensor(Array.from(pixels.subarray(0, 12 * count)), [count, 2, 6], 'int32')
      const outputs = loaded.predict({ image }) as Record<string, tfc.Tensor>
      expectClose(outputs.logits?.dataSync() ?? [], logits.slice(0, 3 * count))
      expectClose(outputs.estimate?.dataSync() ?? [], estimate.slice(0, count))
    }
    loaded.dispose()
  })

  test.runIf(hasTensorFlow)('is made of convolutions and pooling, too', async () => {
    const shape = [9, 8, 2] as const
    const convolutional = defineModel({
      params: {
        first: conv2d(2, 4, 3, { strides: 2, padding: 'same', activation: 'relu' }),
        second: conv2d(4, 300, [2, 3], { groups: 2, dilations: [1, 2], padding: 'same' }),
        depthwise: depthwiseConv2d(300, 2),
        output: dense(300, 3),
      },
      step: ({ output }, { image }) => ({ loss: mean(output(flatten(image))) }),
      predict({ first, second, depthwise, output }, { image }) {
        const pooled = averagePool2d(maxPool2d(second(first(image)), 3, { strides: 1, padding: 'same' }), 2)
        return { logits: output(globalMaxPool(depthwise(pooled))) }
      },
    })
    const images = { dtype: 'f32' as const, shape: [...shape] }
    const values = Float32Array.from({ length: 3 * 144 }, (_, i) => ((i * 89) % 256) / 128 - 1)
    const data = splitOf({ image: { ...images, values } }, 3)
    const { program } = prediction(convolutional, { batchSize: 3, data })
    const first = initialState(program, 7)
    const expected = evaluate(program, { state: first, batch: { image: values } }).results.logits ?? []
    const into = join(folder, 'convolutional')
    exportSavedModel({ model: convolutional, state: first, fields: { image: images } }, into)
    const tf = loadTensorFlow()
    const loaded = await tf.node.loadSavedModel(into)
    for (const count of [1, 3]) {
      const image = tf.tensor(Array.from(values.subarray(0, 144 * count)), [count, ...shape], 'float32')
      const { logits } = loaded.predict({ image }) as Record<string, tfc.Tensor>
      expectClose(logits?.dataSync() ?? [], [...expected].slice(0, 3 * count))
    }
    loaded.dispose()
  })

  test.runIf(python !== undefined)('is loaded by Python', { timeout: 60_000 }, () => {
    exportSavedModel(model, dir)
    const code = `
import json, sys, numpy as np, tensorflow as tf
predict = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
pixels = np.array(json.loads(sys.argv[2]), np.uint8).reshape(-1, 2, 6)
print(json.dumps({name: value.numpy().ravel().tolist() for name, value in predict(image=tf.constant(pixels)).items()}))`
    const args = ['-c', code, dir, JSON.stringify(Array.from(pixels))]
    const { stdout, stderr, status } = spawnSync(python ?? '', args, {
      encoding: 'utf8',
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    })
    expect(status, stderr).toBe(0)
    const outputs = JSON.parse(stdout) as Record<string, number[]>
    expectClose(outputs.logits ?? [], logits)
    expectClose(outputs.estimate ?? [], estimate)
  })

  test('is refused where a state is missing', () => {
    expect(() => exportSavedModel({ ...model, state: {} }, dir)).toThrow(/"head.0.weight" is missing/)
  })
})

describe('a model of tfjs-layers', () => {
  const dir = join(folder, 'tfjs')

  test('is loaded by tfjs in plain JavaScript', async () => {
    exportTfjsLayers(model, 'logits', dir)
    const document = JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8')) as {
      modelTopology: object
      weightsManifest: [{ weights: tfc.io.WeightsManifestEntry[] }]
    }
    const bytes = readFileSync(join(dir, 'weights.bin'))
    const loaded = await tfl.loadLayersModel(
      tfc.io.fromMemory({
        modelTopology: document.modelTopology,
        weightSpecs: document.weightsManifest[0].weights,
        weightData: Uint8Array.from(bytes).buffer,
      }),
    )
    const image = tfc.tensor(Array.from(pixels), [NUM_EXAMPLES, 2, 6], 'float32')
    expectClose((loaded.predict(image) as tfc.Tensor).dataSync(), logits)
  })

  test('is refused for a prediction that is no chain of layers, naming the op', () => {
    expect(() => exportTfjsLayers(model, 'estimate', dir)).toThrow(/"argMax"/)
    expect(() => exportTfjsLayers(model, 'other', dir)).toThrow(/it predicts estimate, logits/)
  })
})
