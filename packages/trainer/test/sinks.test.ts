/** The option `sinks` of `fit`: a sink of one's own gets all of a training, and none can stop or change it. */
import { adam } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { fit, type LogEvent, type Sink } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const options = {
  data: examples(103),
  validation: 0.2,
  batchSize: 16,
  epochs: 20,
  optimizer: adam({ learningRate: 0.01 }),
}

function collector(more: Partial<Sink> = {}) {
  const events: LogEvent[] = []
  const sink: Sink = { name: 'a list', write: (event) => void events.push(event), ...more }
  return { sink, events, rows: () => events.flatMap((event) => (event.type === 'epoch' ? [event.row] : [])) }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

describe('sinks', () => {
  it('get the beginning, every epoch in order, what was logged, and the end', async () => {
    const { sink, events, rows } = collector({ weightsEvery: 5 })
    const fitted = await fit(threeClasses, {
      ...options,
      sinks: [sink],
      onEpoch({ row, log }) {
        if (row.epoch === 7) log.table('seven', { columns: ['epoch'], rows: [[7]] })
      },
    })
    expect(rows()).toEqual(fitted.history)
    expect(rows().map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    expect(events[0]).toMatchObject({
      type: 'started',
      epochs: 20,
      params: { batchSize: 16, 'optimizer.kind': 'adam' },
    })
    const table = events.findIndex(({ type }) => type === 'table')
    expect(events[table]).toMatchObject({ name: 'seven', epoch: 7 })
    const around = [events[table - 1], events[table + 1]].map((event) => event?.type === 'epoch' && event.row.epoch)
    expect([
      [6, 7],
      [7, 8],
    ]).toContainEqual(around)
    const weighted = events.flatMap((event) =>
      event.type === 'epoch' && event.weights !== undefined ? [event.row.epoch] : [],
    )
    expect(weighted).toEqual([5, 10, 15, 20])
    const end = events.at(-1)
    expect(end).toMatchObject({ type: 'ended', status: 'done', epoch: 20 })
    const weights = end?.type === 'ended' ? end.weights : undefined
    expect(Object.keys(weights ?? {}).sort()).toEqual(Object.keys(fitted.weights).sort())
  })

  it('that throw or are slow stop nothing and change no weight', async () => {
    const plain = await fit(threeClasses, options)
    const warnings: string[] = []
    let finished = 0
    const slow = collector({
      async write(event) {
        await turn()
        slow.events.push(event)
      },
      close: async () => {
        await turn()
        finished++
      },
    })
    const throws = (name: string, more: Partial<Sink>): Sink => ({ name, write: () => undefined, ...more })
    const fails = () => {
      throw new Error('it broke')
    }
    const sinks = [
      throws('write', { write: fails }),
      throws('promise', { write: () => Promise.reject(new Error('it broke')) }),
      throws('flush', { flush: fails }),
      throws('close', { close: fails }),
      slow.sink,
    ]
    const fitted = await fit(threeClasses, { ...options, sinks, onWarning: (message) => warnings.push(message) })
    expect(fitted.weights).toEqual(plain.weights)
    expect(slow.rows()).toEqual(fitted.history)
    expect(finished).toBe(1)
    expect(warnings.sort()).toEqual(
      ['close', 'flush', 'promise', 'write'].map(
        (name) => `the log to ${name} ends here, and the training goes on: it broke`,
      ),
    )
  })

  it('are told how a training ended that did not get to its end', async () => {
    const stopped = collector()
    const controller = new AbortController()
    const { signal } = controller
    const fitting = fit(threeClasses, {
      ...options,
      signal,
      sinks: [stopped.sink],
      onEpoch: ({ row }) => row.epoch === 3 && controller.abort(),
    })
    await expect(fitting).rejects.toThrow()
    expect(stopped.events.at(-1)).toMatchObject({ type: 'ended', status: 'interrupted', epoch: 3 })
    const failed = collector()
    const data = examples(103)
    data.label.values[50] = 9
    const failing = fit(threeClasses, { ...options, data, sinks: [failed.sink] })
    await expect(failing).rejects.toThrow('label')
    expect(failed.events.at(-1)).toMatchObject({ type: 'ended', status: 'failed' })
  })

  it('must be sinks', async () => {
    // @ts-expect-error It has no `write`.
    await expect(fit(threeClasses, { ...options, sinks: [{ name: 'nothing' }] })).rejects.toThrow('sinks')
  })
})
