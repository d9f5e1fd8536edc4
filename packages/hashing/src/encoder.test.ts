import { evaluate, prediction, Program, UserError, type StateValues } from '@gradpool/core'
import { wasmEngine } from '@gradpool/engine-cpu'
import { autoencode } from '@gradpool/models'
import { afterAll, describe, expect, it } from 'vitest'
import { encoderFromBytes, encoderToBytes } from './encoder-file.js'
import { encode, makeEncoder } from './encoder.js'

const engine = await wasmEngine()
afterAll(() => engine.dispose())

const numPixels = 6
const bits = 3

/** The program of batches of a size that give the codes of a network 6-4-3. */
function program(batchSize: number): Program {
  const model = autoencode({
    encoder: [4, bits],
    decoder: [numPixels],
    codeActivation: 'sigmoid',
  })
  const fields = { image: { dtype: 'u8', shape: [numPixels] } } as const
  const functions = model.forData({ fields })
  const coding = {
    forData: () => ({
      ...functions,
      tracePrediction: (...given: Parameters<NonNullable<typeof functions.tracePrediction>>) => {
        const code = functions.tracePrediction?.(...given).code
        if (code === undefined) throw new Error('an autoencoder predicts its code')
        return { code }
      },
    }),
  }
  return prediction(coding, { batchSize, data: { fields, numExamples: batchSize } }).program
}

const weights: StateValues = {
  'encoder.0.weight': Float32Array.from({ length: 24 }, (_, at) => 2 * Math.sin(7 * at)),
  'encoder.0.bias': Float32Array.from({ length: 4 }, (_, at) => Math.cos(at)),
  'encoder.1.weight': Float32Array.from({ length: 12 }, (_, at) => 2 * Math.sin(3 * at)),
  'encoder.1.bias': Float32Array.from({ length: 3 }, (_, at) => Math.cos(5 * at)),
  'decoder.0.weight': new Float32Array(18),
}

function images(numImages: number) {
  const values = Uint8Array.from({ length: numImages * numPixels }, (_, at) => (at * at * 31) % 256)
  return { image: { dtype: 'u8', shape: [numPixels], values } } as const
}

describe('encode', () => {
  it.each([0, 1, 4, 5, 12])(
    'gives the codes of %i images, in the order of their rows',
    async (n) => {
      const fields = images(20)
      const rows = Int32Array.from({ length: n }, (_, at) => (7 * at + 3) % 20)
      const codes = await encode(makeEncoder('some', program(4), weights), {
        engine,
        data: { fields, rows },
      })
      const one = program(1)
      const expected = Array.from(rows).flatMap((row) => {
        const image = fields.image.values.subarray(row * numPixels, (row + 1) * numPixels)
        return Array.from(evaluate(one, { state: weights, batch: { image } }).results.code ?? [])
      })
      expect(codes).toHaveLength(n * bits)
      expected.forEach((value, at) => expect(codes[at]).toBeCloseTo(value, 5))
    },
  )

  it('gives each image the same bits, whatever it is encoded with', async () => {
    const fields = images(50)
    const rows = Int32Array.from({ length: 50 }, (_, at) => at)
    const together = await encode(makeEncoder('some', program(8), weights), {
      engine,
      data: { fields, rows },
    })
    for (const row of rows) {
      const alone = await encode(makeEncoder('some', program(1), weights), {
        engine,
        data: { fields, rows: Int32Array.of(row) },
      })
      expect(alone).toEqual(together.subarray(row * bits, (row + 1) * bits))
    }
  })

  it('refuses images of another size', async () => {
    const image = { dtype: 'u8', shape: [5], values: new Uint8Array(5) } as const
    const data = { fields: { image }, rows: Int32Array.of(0) }
    const encoding = encode(makeEncoder('some', program(2), weights), { engine, data })
    await expect(encoding).rejects.toThrow(UserError)
  })
})

describe('an encoder', () => {
  it('is named by its own weights alone', () => {
    const { model, state, program: pruned } = makeEncoder('some', program(4), weights)
    expect(model.name).toBe('some')
    const names = ['encoder.0.bias', 'encoder.0.weight', 'encoder.1.bias', 'encoder.1.weight']
    expect(Object.keys(state).sort()).toEqual(names)
    const inputs = pruned.inputs.map(({ name }) => name)
    expect(inputs.sort()).toEqual([...names, 'image'])
    expect(Program.fromJSON(JSON.parse(JSON.stringify(pruned)))).toEqual(pruned)
    expect(makeEncoder('other', program(2), state).model.hash).toBe(model.hash)
    const changed = { ...weights, 'encoder.1.bias': Float32Array.of(1, 2, 3) }
    expect(makeEncoder('some', program(4), changed).model.hash).not.toBe(model.hash)
  })

  it('needs all its weights, and codes', () => {
    const others = Object.entries(weights).filter(([name]) => name !== 'encoder.1.bias')
    expect(() => makeEncoder('some', program(4), Object.fromEntries(others))).toThrow(
      /^the encoder of some needs 3 values of 'encoder\.1\.bias', and there are none$/,
    )
    const short = { ...weights, 'encoder.1.bias': new Float32Array(2) }
    expect(() => makeEncoder('some', program(4), short)).toThrow(/, and there are 2$/)
    const blank = new Program({ ...program(4).toJSON(), results: [] })
    expect(() => makeEncoder('some', blank, weights)).toThrow(/^an encoder has the result 'code'/)
  })
})

describe('an encoder as bytes', () => {
  const encoder = makeEncoder('some', program(4), weights)
  const bytes = encoderToBytes({ encoder, about: 'of these images' })

  it('comes back as it was, and makes the same codes', async () => {
    const back = encoderFromBytes(bytes, 'it')
    expect(back.about).toBe('of these images')
    expect(back.encoder).toEqual(encoder)
    const data = { fields: images(9), rows: Int32Array.from({ length: 9 }, (_, at) => at) }
    const codes = await encode(back.encoder, { engine, data })
    expect(codes).toEqual(await encode(encoder, { engine, data }))
  })

  it('is refused in one sentence where it is cut short or something else', () => {
    for (let length = 0; length < bytes.length; length += 97) {
      expect(() => encoderFromBytes(bytes.subarray(0, length), 'it')).toThrow(UserError)
    }
    const text = new TextDecoder('latin1').decode(bytes)
    for (const [from, to] of [
      ['gradpool-encoder 1', 'gradpool-encoder 2'],
      ['encoder.1.bias', 'encoder.1.bits'],
      ['"about"', '"other"'],
      ['sigmoid', 'sigmund'],
    ] as const) {
      expect(text).toContain(from)
      const changed = Uint8Array.from(text.replace(from, to), (letter) => letter.charCodeAt(0))
      expect(() => encoderFromBytes(changed, 'it')).toThrow(UserError)
    }
  })
})
