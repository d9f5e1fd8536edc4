/**
 * What `fit` tells while it trains, and what of that can change the training: `stop` and the
 * signal, and nothing else.
 */
import { adam } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { fit, type StepProgress } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(203)
const options = {
  data,
  validation: 0.2,
  batchSize: 16,
  epochs: 5,
  optimizer: adam({ learningRate: 0.01 }),
}

describe('callbacks', () => {
  it('are told of every epoch, of some steps, and of the end', async () => {
    const rows: unknown[] = []
    const steps: StepProgress[] = []
    const ends: unknown[] = []
    const fitted = await fit(threeClasses, {
      ...options,
      epochs: 3000,
      onEpoch: ({ row }) => rows.push(row),
      onStep: (progress) => steps.push(progress),
      onEnd: ({ reason, history }) => ends.push([reason, history.length]),
    })
    expect(rows).toEqual(fitted.history)
    expect(ends).toEqual([['epochs', 3000]])
    expect(steps.length).toBeGreaterThan(0)
    for (const [i, { epoch, epochs, step, steps: total }] of steps.entries()) {
      expect(epochs).toBe(3000)
      expect(total).toBe(3000 * Math.ceil(162 / 16))
      expect(step).toBeGreaterThanOrEqual(steps[i - 1]?.step ?? 0)
      expect(epoch).toBe(Math.min(3000, Math.floor(step / 11) + 1))
    }
  })

  it('see the weights as they are after the epoch', async () => {
    const seen: unknown[] = []
    await fit(threeClasses, {
      ...options,
      epochs: 3,
      onEpoch: ({ weights }) => seen.push(weights()),
    })
    for (const epochs of [1, 2, 3]) {
      expect(seen[epochs - 1]).toEqual((await fit(threeClasses, { ...options, epochs })).weights)
    }
  })

  it('may end the training after the epoch', async () => {
    const ends: string[] = []
    const fitted = await fit(threeClasses, {
      ...options,
      onEpoch({ row, stop }) {
        if (row.epoch === 2) stop()
      },
      onEnd: ({ reason }) => ends.push(reason),
    })
    expect(fitted.epochs).toBe(2)
    expect(ends).toEqual(['stopped'])
    expect(fitted.weights).toEqual((await fit(threeClasses, { ...options, epochs: 2 })).weights)
  })

  it('that throw are warned of once, and change nothing', async () => {
    const expected = await fit(threeClasses, options)
    const warnings: string[] = []
    const fitted = await fit(threeClasses, {
      ...options,
      onEpoch() {
        throw new Error('no disk')
      },
      onEnd: () => Promise.reject(new Error('no network')),
      onWarning: (message) => warnings.push(message),
    })
    await new Promise(setImmediate)
    expect(fitted.weightsHash).toBe(expected.weightsHash)
    expect(warnings).toEqual([
      'onEpoch threw an error, and the training continues: no disk',
      'onEnd threw an error, and the training continues: no network',
    ])
  })
})

describe('the signal', () => {
  it('ends the training within a step, with its reason', async () => {
    const started = performance.now()
    await expect(fit(threeClasses, { ...options, epochs: 1e6, signal: AbortSignal.timeout(100) })).rejects.toThrow(
      /timeout/,
    )
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('that was aborted before begins nothing', async () => {
    const reason = new Error('never mind')
    const signal = AbortSignal.abort(reason)
    await expect(fit(threeClasses, { ...options, signal })).rejects.toBe(reason)
  })
})
