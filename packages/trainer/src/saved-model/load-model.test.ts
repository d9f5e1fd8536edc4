import {
  constant,
  div,
  mean,
  randomUniform,
  relu,
  defineModel,
  sub,
  UserError,
  matmul,
  perRow,
  reshape,
  softmax,
  type Tensor,
  type Batch,
  type BoundOf,
  type Predictions,
  type Values,
} from '@gradpool/core'
import { evaluate } from '@gradpool/core/engine'
import { dense } from '@gradpool/models'
import { decodeSavedModel } from '@gradpool/storage'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest'
import { images, smallTrained } from '../testing/small-model.js'
import { loadModel } from './load-model.js'
import { encodeModel, writeModel } from './save-model.js'

const trained = smallTrained()
const { provenance, metrics } = trained
const bytes = encodeModel(trained)
const folder = await mkdtemp(join(tmpdir(), 'gradpool-saved-'))
afterAll(() => rm(folder, { recursive: true }))

/** As the reference evaluator has it, which no engine is part of and which rounds otherwise. */
function expectReference(name: string, image: Float32Array, values: Values | undefined): void {
  const { predict } = decodeSavedModel(bytes, 'it')
  if (!predict || !values) throw new Error('it predicts')
  const perRow = (values.length / image.length) * 6
  for (let row = 0; row < image.length / 6; row++) {
    const { results } = evaluate(predict.row, {
      batch: { image: image.subarray(row * 6, row * 6 + 6) },
      state: trained.states,
    })
    results[name]?.forEach((value, i) => expect(values[row * perRow + i]).toBeCloseTo(value, 6))
  }
}

describe('a saved model', () => {
  it('comes to the same bytes from the same model', () => {
    expect(encodeModel(smallTrained())).toEqual(bytes)
  })

  it('predicts any number of rows, each as if it were alone', async () => {
    const model = await loadModel(bytes)
    for (const rows of [0, 1, 3, 200, 256, 300, 513]) {
      const image = images(rows)
      const { probabilities, digit } = await model.predict({ image })
      expect(probabilities).toBeInstanceOf(Float32Array)
      expect(digit).toBeInstanceOf(Int32Array)
      expectReference('probabilities', image, probabilities)
      expectReference('digit', image, digit)
      for (let row = 0; row < rows; row += 17) {
        const alone = await model.predict({ image: image.subarray(row * 6, row * 6 + 6) })
        expect(alone.probabilities).toEqual(probabilities?.subarray(row * 4, row * 4 + 4))
      }
    }
    await model.dispose()
  })

  it('predicts the same with both engines', async () => {
    const image = images(300)
    const [native, wasm] = await Promise.all([
      loadModel(bytes, { engine: 'native' }),
      loadModel(bytes, { engine: 'wasm' }),
    ])
    expect(await native.predict({ image })).toEqual(await wasm.predict({ image }))
    await Promise.all([native.dispose(), wasm.dispose()])
  })

  it('serves calls that overlap', async () => {
    const model = await loadModel(bytes)
    const calls = Array.from({ length: 50 }, (_, i) => images(1 + ((i * 37) % 400)))
    const together = await Promise.all(calls.map((image) => model.predict({ image })))
    for (const [i, image] of calls.entries()) {
      expect(together[i]).toEqual(await model.predict({ image }))
    }
    await model.dispose()
    await expect(model.predict({ image: images(1) })).rejects.toThrow('this model was disposed')
    await model.dispose()
  })

  it('says what it reads, predicts and is', async () => {
    await using model = await loadModel(bytes)
    expect(model.inputs).toEqual({ image: { dtype: 'f32', shape: [2, 3] } })
    expect(model.outputs).toEqual({
      probabilities: { dtype: 'f32', shape: [4] },
      digit: { dtype: 'i32', shape: [] },
    })
    expect(model.metrics).toEqual({ loss: 1.25, validation: { accuracy: 0.5 } })
    expect(model.provenance).toMatchObject({ numerics: 'exact', seed: 3 })
    expect(Object.keys(model.weights)).toEqual([...['hidden.bias', 'hidden.weight', 'output.bias', 'output.weight']])
    expect(model.weights['hidden.weight']?.values).toEqual(trained.states['hidden.weight'])
    expect(model.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(model.toString()).toContain('predicts   probabilities f32[4], digit i32[]')
  })

  it('keeps the states of the optimizer where asked, and the same weights hash', async () => {
    const without = await loadModel(bytes)
    const model = await loadModel(encodeModel(trained, { optimizer: true }))
    expect(Object.keys(model.weights)).toContain('optimizer/momentum/hidden.weight')
    expect(model.weightsHash).toBe(without.weightsHash)
    await Promise.all([model.dispose(), without.dispose()])
  })

  it('is saved and loaded wherever bytes can be', async () => {
    const path = join(folder, 'small.gradpool')
    await writeModel(bytes, path)
    expect(await readdir(folder)).toEqual(['small.gradpool'])
    await writeModel(bytes, pathToFileURL(path))
    expect(new Uint8Array(await readFile(path))).toEqual(bytes)
    const chunks: Uint8Array[] = []
    await writeModel(bytes, new WritableStream({ write: (chunk) => void chunks.push(chunk) }))
    expect(new Uint8Array(Buffer.concat(chunks))).toEqual(bytes)

    const server = createServer((request, response) => {
      response.statusCode = request.url === '/small' ? 200 : 404
      response.end(bytes)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const blob = new Blob([bytes])
    const sources = [
      ...[path, pathToFileURL(path), pathToFileURL(path).href, bytes, blob, blob.stream()],
      ...[bytes.slice().buffer, `http://127.0.0.1:${port}/small`],
    ]
    for (const source of sources) {
      const model = await loadModel(source)
      expect(model.provenance.seed).toBe(3)
      await model.dispose()
    }
    await expect(loadModel(`http://127.0.0.1:${port}/other`)).rejects.toThrow('cannot be read: the server answers 404')
    server.close()
  })

  it('is refused with one sentence where it cannot be read', async () => {
    await expect(loadModel(join(folder, 'none'))).rejects.toThrow('there is no such file')
    const path = join(folder, 'text')
    await writeFile(path, 'no model at all, but long enough')
    await expect(loadModel(path)).rejects.toThrow("text' is not a whole safetensors file")
    await rm(path)
  })

  it('has the inputs and outputs that are asked of it, typed', async () => {
    const model = await loadModel(bytes, { inputs: ['image'], outputs: ['probabilities'] })
    const { probabilities, ...others } = await model.predict({ image: images(1) })
    expectTypeOf(probabilities).toEqualTypeOf<Float32Array>()
    expect(others).toEqual({})
    expectTypeOf(model.predict).parameter(0).toHaveProperty('image')
    // @ts-expect-error: it has no such field
    await expect(model.predict({ picture: images(1) })).rejects.toThrow('this model reads image, and picture was given')
    await model.dispose()

    const typed = await loadModel(bytes, { inputs: ['image'], outputs: { digit: 'i32' } })
    const { digit } = await typed.predict({ image: images(1) })
    expectTypeOf(digit).toEqualTypeOf<Int32Array>()
    await typed.dispose()

    const untyped = await loadModel(bytes)
    expectTypeOf(untyped.predict).returns.resolves.toEqualTypeOf<Readonly<Record<string, Values>>>()
    await untyped.dispose()
  })

  it.each([
    [{ inputs: ['picture'], outputs: ['probabilities'] }],
    [{ inputs: ['image', 'label'], outputs: ['probabilities'] }],
    [{ inputs: ['image'], outputs: ['classes'] }],
    [{ inputs: ['image'], outputs: ['digit'] }],
  ])('is refused for other names: %o', async (names) => {
    await expect(loadModel(bytes, names)).rejects.toThrow(
      'the model does not have these inputs and outputs: it predicts probabilities f32[4], digit i32[] from image f32[2, 3]',
    )
  })
})

describe('a model', () => {
  const params = { output: dense(6, 4) }
  const data = { x: { dtype: 'f32', shape: [6] } } as const
  const encoded = (predict?: (bound: BoundOf<typeof params>, batch: Batch<'x'>) => Predictions) => {
    const model = defineModel({
      params,
      step: ({ output }, { x }: Batch<'x'>) => ({ loss: mean(output(x)) }),
      ...(predict && { predict }),
    })
    return encodeModel({ provenance, metrics, model, fields: data, states: statesOf() })
  }
  const statesOf = () => ({
    'output.weight': new Float32Array(24),
    'output.bias': new Float32Array(4),
  })

  it('without a prediction is saved, and says so when it is to predict', async () => {
    const model = await loadModel(encoded())
    await expect(model.predict({})).rejects.toThrow('this model was saved without a prediction')
    await expect(loadModel(encoded(), { inputs: [], outputs: [] })).rejects.toThrow(UserError)
  })

  it.each<[string, Parameters<typeof encoded>[0], string]>([
    ['rows less their mean', (_, { x }) => ({ y: sub(x, mean(x, 0)) }), '"y"'],
    ['constants', (_, { x }) => ({ y: constant(1, x.shape) }), '"y"'],
    ['random numbers', (_, { x }) => ({ y: div(x, randomUniform(x.shape, 'noise')) }), 'random'],
  ])('that predicts %s is refused', (_, predict, what) => {
    expect(() => encoded(predict)).toThrow(what)
    expect(() => encoded(predict)).toThrow('cannot be saved')
  })

  it('that predicts each row apart is not', () => {
    expect(() => encoded(({ output }, { x }) => ({ y: relu(output(x)) }))).not.toThrow()
    const attention = (x: Tensor) => {
      const words = reshape(x, [x.shape[0] ?? 1, 3, 2])
      return matmul(softmax(matmul(words, words, { transposeB: true })), words)
    }
    expect(() => encoded((_, { x }) => ({ y: attention(x) }))).not.toThrow()
  })

  it('is loaded with the weights that its prediction reads, and no others', async () => {
    const model = await loadModel(encoded((_, { x }) => ({ y: relu(x) })))
    expect(model.saved.predict?.row.states).toEqual([])
    expect(Object.keys(model.weights)).toEqual(['output.bias', 'output.weight'])
    const x = Float32Array.of(-1, 2, 3, -4, 5, 6)
    expect(await model.predict({ x })).toEqual({ y: Float32Array.of(0, 2, 3, 0, 5, 6) })
    await model.dispose()
  })

  it('has metrics of all kinds, without functions of the code that made it', () => {
    const model = defineModel({
      params,
      step: ({ output }, { x }: Batch<'x'>) => ({
        loss: mean(output(x)),
        spread: perRow({ rows: { x }, finish: () => 1 }),
      }),
    })
    const bytes = encodeModel({ provenance, metrics, model, fields: data, states: statesOf() })
    const { evaluation } = decodeSavedModel(bytes, 'it')
    expect(evaluation?.metrics).toEqual([
      { name: 'loss', kind: 'mean', results: { value: 'loss' }, direction: 'min' },
      { name: 'spread', kind: 'rows', results: { x: 'spread/x' } },
    ])
  })
})
