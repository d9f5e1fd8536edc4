/** States: shared, handed on, named twice. */
import { broadcastTo, mul, sgd } from '@gradpool/core'
import { averaging, evaluation, partsOf, traceProgram, train, type Engine, type Split } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { expectClose } from './compare.js'
import { data, network, training } from './network.js'

export function describeStates(engineOf: () => Engine): void {
  describe('states', () => {
    test('are shared with an evaluation, which leaves them alone', async () => {
      const fit = await engineOf().compile(training, { data, seed: 4 })
      const evaluate = evaluation(network, { batchSize: 10, data })
      const check = await engineOf().compile(evaluate, { data, seed: 4, shareStateOf: fit })
      const loss = async (): Promise<number> => (await check.run({ steps: check.stepsPerEpoch })).means.loss?.[0] ?? NaN
      const before = await loss()
      await fit.run({ steps: 50 })
      const weights = fit.read()
      expect(await loss()).toBeLessThan(before)
      expect(fit.read()).toEqual(weights)
      check.dispose()
      fit.dispose()
    })

    test('are averaged over replicas that share them', async () => {
      const engine = engineOf()
      const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 })
      const parts = partsOf(data, { every: 1, parts: [5, 10, 8] })
      const programOf = (part: Split) => train(network, { optimizer, batchSize: 23, data: part })
      const { model, replicas } = averaging(parts.map(programOf))
      const none = { data: { fields: {}, rows: Int32Array.of(0) }, seed: 4 }
      const mean = await engine.compile(model, none)
      const rounds = [mean]
      for (const [i, { take, training }] of replicas.entries()) {
        const given = { data: parts[i] ?? data, seed: 4, shareStateOf: mean }
        const taking = await engine.compile(take, { ...none, shareStateOf: mean })
        rounds.unshift(taking, await engine.compile(training, given))
      }
      // One step each, weighted by examples, is a step on all of them.
      const whole = await engine.compile(programOf(data), { data, seed: 4 })
      for (let round = 0; round < 3; round++) {
        for (const execution of rounds) {
          expect((await execution.run({ steps: 1 })).status).toBe('done')
        }
        await whole.run({ steps: 1 })
        const averaged = mean.read()
        for (const [name, values] of Object.entries(whole.read())) {
          expectClose(averaged[name] ?? [], values, 1e-5, () => `${name} after round ${round}`)
        }
      }
      for (const execution of [...rounds, whole]) execution.dispose()
    })

    test('go on where another execution left off', async () => {
      const first = await engineOf().compile(training, { data, seed: 4 })
      await first.run({ steps: 5 })
      const second = await engineOf().compile(training, { data, seed: 4, state: first.read() })
      expect(second.read()).toEqual(first.read())
      first.dispose()
      second.dispose()
    })

    test('begin as others do, drawn or given', async () => {
      const averaged = train(network, { optimizer: sgd({ learningRate: 0.1 }), ema: 0.9, batchSize: 10, data })
      const alike = (states: Readonly<Record<string, Float32Array>>) => {
        const raw = Object.entries(states).filter(([name]) => name.startsWith('optimizer/raw/'))
        expect(raw.length).toBeGreaterThan(1)
        for (const [name, values] of raw) expect(values).toEqual(states[name.slice('optimizer/raw/'.length)])
      }
      const drawn = await engineOf().compile(averaged, { data, seed: 4 })
      const plain = await engineOf().compile(training, { data, seed: 4 })
      alike(drawn.read())
      expect(drawn.read()).toMatchObject(
        Object.fromEntries(Object.entries(plain.read()).filter(([name]) => !name.startsWith('optimizer/'))),
      )
      await plain.run({ steps: 3 })
      const given = await engineOf().compile(averaged, { data, seed: 4, state: plain.read() })
      alike(given.read())
      expect(given.read()).not.toEqual(drawn.read())
      for (const execution of [drawn, plain, given]) execution.dispose()
    })

    test('of an optimizer are passed over by a program that has none', async () => {
      const fit = await engineOf().compile(training, { data, seed: 4 })
      await fit.run({ steps: 5 })
      const evaluate = evaluation(network, { batchSize: 10, data })
      const alone = await engineOf().compile(evaluate, { data, seed: 4, state: fit.read() })
      const sharing = await engineOf().compile(evaluate, { data, seed: 4, shareStateOf: fit })
      const [means, expected] = [await alone.run({ steps: 1 }), await sharing.run({ steps: 1 })]
      expect(means.means).toEqual(expected.means)
      alone.write(fit.read())
      for (const execution of [alone, sharing, fit]) execution.dispose()
    })

    test('are kept as they were where an output is a state by another name', async () => {
      const program = traceProgram((trace) => {
        const w = trace.state('w', [3], { kind: 'constant', value: 1 })
        const row = trace.state('row', [1, 3], { kind: 'constant', value: 7 })
        trace.result('old', broadcastTo(w, [1, 3]))
        trace.result('row', row)
        trace.update('w', mul(w, 0.5))
        trace.update('row', broadcastTo(w, [1, 3]))
      })
      const step = { program, batchSize: 1, numExamples: 1, shuffle: false, metrics: [] }
      const none = { data: { fields: {}, rows: Int32Array.of(0) }, seed: 0 }
      const fit = await engineOf().compile(step, none)
      const { means } = await fit.run({ steps: 1 })
      expect(means).toEqual({ old: Float64Array.of(1, 1, 1), row: Float64Array.of(7, 7, 7) })
      expect(fit.read()).toEqual({
        w: Float32Array.of(0.5, 0.5, 0.5),
        row: Float32Array.of(1, 1, 1),
      })
      fit.dispose()
    })
  })
}
