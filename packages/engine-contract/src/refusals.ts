/** What a compilation and an execution refuse, and in which words. */
import { UserError } from '@gradpool/core'
import {
  evaluation,
  traceProgram,
  type BatchProgram,
  type Engine,
  type Split,
  type StateValues,
} from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { data, image, label, network, training } from './network.js'

export function describeRefusals(engineOf: () => Engine, make: () => Promise<Engine>): void {
  describe('what an execution refuses', () => {
    const compiled = (): ReturnType<Engine['compile']> => engineOf().compile(training, { data, seed: 4 })

    test.each([7.99, NaN, -1, Infinity, 2 ** 31])('%d steps', async (steps) => {
      const fit = await compiled()
      await expect(fit.run({ steps })).rejects.toThrow(/steps must be a whole number/)
      expect(() => fit.begin(steps)).toThrow(UserError)
      fit.dispose()
    })

    test('a second run while one is under way', async () => {
      const fit = await compiled()
      const first = fit.run({ steps: 1000 })
      await expect(fit.run({ steps: 1 })).rejects.toThrow(/running already/)
      expect(await first).toMatchObject({ status: 'done', steps: 1000 })
      fit.dispose()
    })

    test('everything once it is disposed, a run under way included', async () => {
      const fit = await compiled()
      const running = fit.run({ steps: 10 ** 8 })
      fit.dispose()
      await expect(running).rejects.toThrow(/disposed/)
      expect(() => fit.read()).toThrow(/disposed/)
      expect(() => fit.write({})).toThrow(/disposed/)
      expect(() => fit.begin(1)).toThrow(/disposed/)
      await expect(
        engineOf().compile(evaluation(network, { batchSize: 5, data }), {
          data,
          seed: 4,
          shareStateOf: fit,
        }),
      ).rejects.toThrow(/disposed/)
    })

    test('states both shared and given, or shared with another engine', async () => {
      const fit = await compiled()
      const options = { data, seed: 4, shareStateOf: fit }
      const check = evaluation(network, { batchSize: 5, data })
      const state = { bias: new Float32Array(8) }
      await expect(engineOf().compile(check, { ...options, state })).rejects.toThrow(/not both/)
      const other = await make()
      await expect(other.compile(check, options)).rejects.toThrow(/one engine/)
      await other.dispose()
      fit.dispose()
    })
  })

  describe('refusals', () => {
    const compile = (options: { data?: Split; seed?: number; state?: StateValues; workers?: number }) => () =>
      engineOf().compile(training, { data, seed: 0, ...options })

    test.each([
      ['a seed that is no integer', { seed: 1.5 }, /seed/],
      ['data of another length', { data: { ...data, rows: Int32Array.of(0) } }, /23 examples/],
      ['a row outside the field', { data: { ...data, rows: data.rows.map((row) => row + 1) } }, /row 23/],
      ['a missing field', { data: { ...data, fields: { image } } }, /"label"/],
      ['a field of another dtype', { data: { ...data, fields: { image, label: { ...label, dtype: 'i32' } } } }, /u8/],
      [
        'a field whose values are of another type',
        {
          data: { ...data, fields: { image: { ...image, values: new Float32Array(276) }, label } },
        },
        /must be a Uint8Array, not a Float32Array/,
      ],
      [
        'a field that ends within an example',
        {
          data: { ...data, fields: { image: { ...image, values: new Uint8Array(275) }, label } },
        },
        /no whole number of examples/,
      ],
      ['a state of another size', { state: { bias: new Float32Array(7) } }, /8 elements, 7/],
      ['no workers', { workers: 0 }, /workers must be a whole number from 1 to 1024, not 0/],
      ['fewer than no workers', { workers: -1 }, /workers must be a whole number/],
      ['more workers than any machine has', { workers: 2 ** 31 }, /workers must be a whole number/],
      ['an unknown state', { state: { nonsense: new Float32Array(7) } }, /"nonsense"/],
    ] as const)('%s', async (_, options, message) => {
      await expect(compile(options)).rejects.toThrow(UserError)
      await expect(compile(options)).rejects.toThrow(message)
    })

    const { program } = training
    const ofRows = (rows: number) =>
      traceProgram((trace) => trace.result('image', trace.batch('image', 'f32', [rows, 12]), { rows: true }))
    test.each<[string, Partial<BatchProgram>, RegExp]>([
      ['no batch size', { batchSize: 0 }, /batchSize must be a whole number from 1 to the 23 examples, not 0/],
      ['batches larger than the data', { batchSize: 24 }, /batchSize must be a whole number/],
      ['a part of an example', { numExamples: 22.5 }, /number of examples must be a whole number/],
      ['a last batch that is whole', { batchSize: 23, tail: program }, /but 23 divides 23/],
      ['a last batch of another program', { tail: ofRows(3) }, /other states or results than the program/],
      ['rows that are not those of a batch', { program: ofRows(4) }, /has 4 rows for a batch of 5/],
    ])('%s', async (_, changes, message) => {
      const compiled = engineOf().compile({ ...training, ...changes }, { data, seed: 0 })
      await expect(compiled).rejects.toThrow(UserError)
      await expect(compiled).rejects.toThrow(message)
    })
  })
}
