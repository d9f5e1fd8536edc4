/** ONNX files of saved models: names, types, what is refused. */
import { adam, argMax, defineModel, mean, softmax, type Batch, type BoundOf } from '@gradpool/core'
import { initialState, train } from '@gradpool/core/engine'
import { onnxRuntime, runOnnx } from '@gradpool/engine-contract'
import { dense } from '@gradpool/models'
import { cacheFolder, decodeSavedModel } from '@gradpool/storage'
import { encodeModel, loadModel } from '@gradpool/trainer'
import { fromBinary } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { GraphBuilder } from './graph/builder.js'
import { toOnnx } from './index.js'
import { ModelProtoSchema } from './onnx_pb.js'

const runtime = await onnxRuntime(cacheFolder())
const fields = { x: { dtype: 'f32', shape: [3] } } as const

function saved(predicts = true): Uint8Array {
  const params = { output: dense(3, 4) }
  const predict = ({ output }: BoundOf<typeof params>, { x }: Batch<'x'>) => ({
    x: softmax(output(x)),
    label: argMax(output(x)),
  })
  const model = defineModel({
    params,
    step: ({ output }, { x }: Batch<'x'>) => ({ loss: mean(output(x)) }),
    ...(predicts && { predict }),
  })
  const training = train(model, { batchSize: 4, optimizer: adam(), data: { fields, numExamples: 8 } })
  return encodeModel({
    model,
    fields,
    states: initialState(training.program, 1),
    table: { columns: ['a', 'b', 'c'], classNames: ['w', 'x', 'y', 'z'] },
    provenance: {},
    metrics: {},
  })
}

describe('the file', () => {
  const file = fromBinary(ModelProtoSchema, toOnnx(saved()))

  test('says its opset, what made it, and what its numbers are called', () => {
    expect(file.irVersion).toBe(8n)
    expect(file.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 18n]])
    expect(file.producerName).toBe('gradpool')
    const texts = Object.fromEntries(file.metadataProps.map(({ key, value }) => [key, value]))
    expect(texts).toEqual({
      classNames: '["w","x","y","z"]',
      columns: '["a","b","c"]',
      hash: decodeSavedModel(saved(), 'it').hash,
    })
  })

  test('has the names of the model, another one where an output is called as an input', () => {
    const dimensions = (values: NonNullable<typeof file.graph>['input']) =>
      values.map(({ name, type }) => {
        const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined
        return [name, tensor?.elemType, tensor?.shape?.dim.map(({ value }) => value.value)]
      })
    expect(dimensions(file.graph?.input ?? [])).toEqual([['x', 1, ['batch', 3n]]])
    expect(dimensions(file.graph?.output ?? [])).toEqual([
      ['x_2', 1, ['batch', 4n]],
      ['label', 6, ['batch']],
    ])
    const weights = file.graph?.initializer.map(({ name, dims }) => [name, dims]) ?? []
    expect(weights.slice(0, 2)).toEqual([
      ['output.weight', [3n, 4n]],
      ['output.bias', [4n]],
    ])
    const { graph } = fromBinary(ModelProtoSchema, toOnnx(saved(), { batchSize: 6 }))
    expect(dimensions(graph?.input ?? [])).toEqual([['x', 1, [6n, 3n]]])
  })

  test.runIf(runtime)('predicts what the model does, whole numbers as such', async () => {
    if (!runtime) return
    const x = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i))
    await using model = await loadModel(saved())
    const expected = await model.predict({ x })
    const [got] = await runOnnx(runtime, toOnnx(saved()), [{ x: { values: x, shape: [5, 3] } }])
    expect(got?.label?.values).toEqual(expected.label)
    const numbers = got?.x_2?.values ?? []
    expect(numbers).toHaveLength(20)
    expected.x?.forEach((value, i) => expect(numbers[i]).toBeCloseTo(value, 6))
  })
})

describe('refused is', () => {
  test('a model without a prediction', () => {
    expect(() => toOnnx(saved(false))).toThrow(
      'this model was saved without a prediction, so there is nothing to export',
    )
  })

  test.each([0, 1.5, NaN])('a batch of %s', (batchSize) => {
    expect(() => toOnnx(saved(), { batchSize })).toThrow('batchSize must be a whole number from 1')
  })

  test('what is no saved model', () => {
    expect(() => toOnnx(new Uint8Array(9))).toThrow('the model is not a whole safetensors file')
  })

  test('more than 2 GiB of weights', () => {
    const builder = new GraphBuilder()
    // Of memory that is never touched.
    const weight = builder.weight('w', { shape: [2 ** 29], values: new Float32Array(2 ** 29) })
    builder.output(weight, { name: 'y', type: 'float', shape: [2 ** 29] })
    expect(() => builder.build()).toThrow(
      'an ONNX file has at most 2 GiB, and the weights of this model have 2147483648 bytes',
    )
  })
})
