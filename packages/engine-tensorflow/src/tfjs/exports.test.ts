/**
 * Exports, loaded by the libraries they are for: TensorFlow through tfjs-node and Python, tfjs-layers in plain
 * JavaScript.
 */
import { adam, constant, defineModel, mean, mul, normal, parameter, scatterAdd, sum } from '@gradpool/core'
import { evaluate, initialState, prediction, train, type StateValues } from '@gradpool/core/engine'
import { splitOf } from '@gradpool/engine-contract'
import { averagePool2d, conv2d, dense, depthwiseConv2d, flatten, globalMaxPool, maxPool2d, mlp } from '@gradpool/models'
import '@tensorflow/tfjs-backend-cpu'
import { namedStates, type SavedModel } from '@gradpool/storage'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import * as tfc from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { OPS } from '../graph/ops.js'
import { exportSavedModel, exportTfjsGraph, exportTfjsLayers, findTensorFlow } from '../index.js'
import { configureTensorFlow, loadTensorFlow } from '../tensorflow.js'
import { NOT_IN_TFJS } from './export-tfjs-graph.js'

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

/** The same as a file has it. */
const program = (rows: number) => prediction(network, { batchSize: rows, data: { fields, numExamples: rows } }).program
const savedModel: SavedModel = {
  states: namedStates(program(1), state),
  predict: {
    fields: [{ name: 'image', ...fields.image }],
    outputs: [
      { name: 'estimate', dtype: 'i32', shape: [] },
      { name: 'logits', dtype: 'f32', shape: [3] },
    ],
    row: program(1),
    block: program(12),
    blockRows: 12,
  },
  provenance: { gradpool: '0' },
  metrics: {},
  hash: '',
}

const images = { image: { dtype: 'f32', shape: [9, 8, 2] } } as const
const convolutions = defineModel({
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
const convolved = (() => {
  const values = Float32Array.from({ length: 3 * 144 }, (_, i) => ((i * 89) % 256) / 128 - 1)
  const { program } = prediction(convolutions, { batchSize: 3, data: { fields: images, numExamples: 3 } })
  const first = initialState(program, 7)
  const { results } = evaluate(program, { state: first, batch: { image: values } })
  return { values, state: first, logits: [...(results.logits ?? [])] }
})()
const convolutional = { model: convolutions, state: convolved.state, fields: images }

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
    await exportSavedModel(model, dir)
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

  test.runIf(hasTensorFlow)('is made of a saved model, without its code', async () => {
    const into = join(folder, 'of-saved')
    await exportSavedModel(savedModel, into)
    const tf = loadTensorFlow()
    const loaded = await tf.node.loadSavedModel(into)
    for (const count of [1, NUM_EXAMPLES]) {
      const image = tf.tensor(Array.from(pixels.subarray(0, 12 * count)), [count, 2, 6], 'int32')
      const outputs = loaded.predict({ image }) as Record<string, tfc.Tensor>
      expectClose(outputs.logits?.dataSync() ?? [], logits.slice(0, 3 * count))
      expectClose(outputs.estimate?.dataSync() ?? [], estimate.slice(0, count))
    }
    loaded.dispose()
  })

  test.runIf(hasTensorFlow)('is made of convolutions and pooling, too', async () => {
    const into = join(folder, 'convolutional')
    await exportSavedModel(convolutional, into)
    const tf = loadTensorFlow()
    const loaded = await tf.node.loadSavedModel(into)
    for (const count of [1, 3]) {
      const image = tf.tensor(Array.from(convolved.values.subarray(0, 144 * count)), [count, 9, 8, 2], 'float32')
      const { logits } = loaded.predict({ image }) as Record<string, tfc.Tensor>
      expectClose(logits?.dataSync() ?? [], convolved.logits.slice(0, 3 * count))
    }
    loaded.dispose()
  })

  test.runIf(python !== undefined)('is loaded by Python', { timeout: 60_000 }, async () => {
    await exportSavedModel(model, dir)
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

  test('is refused where a state is missing', async () => {
    await expect(exportSavedModel({ ...model, state: {} }, dir)).rejects.toThrow(/"head.0.weight" is missing/)
  })
})

describe('a graph model of tfjs', () => {
  const dir = join(folder, 'tfjs-graph')

  async function loadedGraph() {
    const { modelTopology, signature, weightsManifest } = JSON.parse(
      readFileSync(join(dir, 'model.json'), 'utf8'),
    ) as Pick<tfc.io.ModelArtifacts, 'modelTopology' | 'signature'> & {
      weightsManifest: [{ weights: tfc.io.WeightsManifestEntry[] }]
    }
    const weightData = Uint8Array.from(readFileSync(join(dir, 'weights.bin'))).buffer
    const artifacts = { modelTopology, signature, weightSpecs: weightsManifest[0].weights, weightData }
    return loadGraphModel(tfc.io.fromMemory(artifacts))
  }

  /** By the name of an output. */
  async function outputsOf(image: tfc.Tensor, names: readonly string[]) {
    const graph = await loadedGraph()
    const outputs = graph.predict({ image }, { verbose: false }) as tfc.Tensor | tfc.Tensor[]
    const all = [outputs].flat()
    expect(graph.outputs.map(({ name }) => name).sort()).toEqual(names.map((name) => `output_${name}`).sort())
    return Object.fromEntries(
      graph.outputs.map(({ name }, at) => [name.replace('output_', ''), all[at]?.dataSync() ?? []]),
    )
  }

  test('is loaded by tfjs in plain JavaScript, and takes any number of examples', async () => {
    await exportTfjsGraph(savedModel, dir)
    for (const count of [1, NUM_EXAMPLES]) {
      const image = tfc.tensor(Array.from(pixels.subarray(0, 12 * count)), [count, 2, 6], 'int32')
      const outputs = await outputsOf(image, ['estimate', 'logits'])
      expectClose(outputs.logits ?? [], logits.slice(0, 3 * count))
      expectClose(outputs.estimate ?? [], estimate.slice(0, count))
    }
  })

  test('is made of convolutions and pooling, too', async () => {
    await exportTfjsGraph(convolutional, dir)
    for (const count of [1, 3]) {
      const image = tfc.tensor(Array.from(convolved.values.subarray(0, 144 * count)), [count, 9, 8, 2], 'float32')
      const outputs = await outputsOf(image, ['logits'])
      expectClose(outputs.logits ?? [], convolved.logits.slice(0, 3 * count))
    }
  })

  test('is refused for an op that tfjs does not have, by its name', async () => {
    const scattered = defineModel({
      params: { weight: parameter([3], normal(1)) },
      step: ({ weight }, { image }) => ({ loss: mean(mul(image, sum(weight))) }),
      predict: ({ weight }, { image }) => ({
        scaled: mul(image, scatterAdd(weight, constant(Int32Array.of(0, 3, 3)), 4)),
      }),
    })
    const own = { image: { dtype: 'f32', shape: [4] } } as const
    const { program } = prediction(scattered, { batchSize: 2, data: { fields: own, numExamples: 2 } })
    const exporting = exportTfjsGraph({ model: scattered, state: initialState(program, 1), fields: own }, dir)
    await expect(exporting).rejects.toThrow('the model cannot be exported for tfjs, which has no "UnsortedSegmentSum"')
  })

  test('has the ops that tfjs has, and no others', () => {
    const lists = fileURLToPath(
      new URL('../../../../node_modules/@tensorflow/tfjs-converter/dist/operations/op_list', import.meta.url),
    )
    const texts = readdirSync(lists)
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(lists, name), 'utf8'))
    const known = new Set(texts.flatMap((text) => [...text.matchAll(/'tfOpName': '(\w+)'/g)].map(([, name]) => name)))
    expect(known.size).toBeGreaterThan(200)
    // A prediction has no variables, and no loops.
    const isOfSteps = (op: string) => /Variable|^Resource|VarHandleOp|ImmutableConst/.test(op)
    expect(
      Object.keys(OPS)
        .filter((op) => !known.has(op) && !isOfSteps(op))
        .sort(),
    ).toEqual([...NOT_IN_TFJS].sort())
  })
})

describe('a model of tfjs-layers', () => {
  const dir = join(folder, 'tfjs')

  test('is loaded by tfjs in plain JavaScript', async () => {
    await exportTfjsLayers(model, 'logits', dir)
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

  test('is refused for a prediction that is no chain of layers, naming the op', async () => {
    await expect(exportTfjsLayers(model, 'estimate', dir)).rejects.toThrow(/"argMax"/)
    await expect(exportTfjsLayers(model, 'other', dir)).rejects.toThrow(/it predicts estimate, logits/)
  })
})
