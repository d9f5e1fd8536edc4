/** Times summed by kernel, and the Chrome trace, of two steps made up by hand. */
import { describe, expect, it } from 'vitest'
import { chromeTrace } from './chrome-trace.js'
import { kernelTable, kernelTimes } from './kernel-times.js'
import type { TrainingProfile } from './training-profile.js'

/** Two workers share a product, for 2 and 4 ms, and one of them updates for 2 ms, while the other waits. */
const shared: TrainingProfile = {
  name: 'classify',
  steps: 50,
  kernels: [
    { name: 'matmul a × b', kind: 'matmul', flops: 8e6, bytes: 4e6 },
    { name: 'update w', kind: 'pointwise', flops: 1e6, bytes: 2e6 },
    { name: 'wait for other workers', kind: 'other', flops: 0, bytes: 0 },
  ],
  slices: [10, 20].flatMap((begin, step) => [
    { kernel: 0, step, worker: 0, begin, end: begin + 2 },
    { kernel: 2, step, worker: 0, begin: begin + 2, end: begin + 6 },
    { kernel: 0, step, worker: 1, begin, end: begin + 4 },
    { kernel: 1, step, worker: 1, begin: begin + 4, end: begin + 6 },
  ]),
}

describe('times of kernels', () => {
  it('add up to a step, and rates are those while it runs', () => {
    const times = kernelTimes([shared])
    expect(times.map(({ name, share, perStep }) => [name, share, perStep])).toEqual([
      ['matmul a × b', 0.5, 3],
      ['wait for other workers', 4 / 12, 2],
      ['update w', 2 / 12, 1],
    ])
    expect(times.map(({ gigaflops, gigabytes }) => [gigaflops, gigabytes])).toEqual([
      [2, 1],
      [0, 0],
      [0.5, 1],
    ])
  })

  it('count by the steps of each training', () => {
    const long = { ...shared, name: 'autoencode', steps: 150 }
    const [first, second] = kernelTimes([shared, long])
    expect([first?.training, first?.share]).toEqual(['autoencode', 0.375])
    expect([second?.training, second?.name, second?.share]).toEqual(['autoencode', 'wait for other workers', 0.25])
  })

  it('are a table of ten', () => {
    expect(kernelTable([shared])).toBe(
      [
        'classify: 6000 µs a step, 2 workers, over 2 of 50 steps',
        ' share  of a step  GFLOP/s  GB/s  kernel',
        '50.0 %    3000 µs      2.0   1.0  matmul a × b',
        '33.3 %    2000 µs        –     –  wait for other workers',
        '16.7 %    1000 µs      0.5   1.0  update w',
      ].join('\n'),
    )
    const kernels = Array.from({ length: 30 }, (_, i) => ({ name: `k${i}`, kind: 'map', flops: 1, bytes: 1 }))
    const slices = kernels.map((_, kernel) => ({ kernel, step: 0, worker: 0, begin: kernel, end: kernel + 1 }))
    expect(kernelTable([{ name: 'many', steps: 1, kernels, slices }]).split('\n')).toHaveLength(12)
  })
})

describe('a Chrome trace', () => {
  const { traceEvents } = chromeTrace([shared])

  it('has a row for each worker, in it the steps, and in them their kernels without a gap', () => {
    const threads = traceEvents.flatMap((event) => (event.name === 'thread_name' ? [event.tid, event.args] : []))
    expect(threads).toEqual([0, { name: 'worker 0' }, 1, { name: 'worker 1' }])
    const slices = traceEvents.flatMap((event) => (event.ph === 'X' ? [event] : []))
    for (const tid of [0, 1]) {
      const own = slices.filter((slice) => slice.tid === tid)
      const steps = own.filter(({ cat }) => cat === 'step')
      expect(steps.map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
        ['step 0', 0, 6000],
        ['step 1', 10_000, 6000],
      ])
      for (const { ts, dur, args } of steps) {
        const kernels = own.filter((slice) => slice.cat !== 'step' && slice.args.step === args.step)
        expect(kernels.reduce((sum, kernel) => sum + kernel.dur, 0)).toBe(dur)
        expect(kernels[0]?.ts).toBe(ts)
      }
    }
  })

  it('says what each worker has computed', () => {
    const product = traceEvents.find((event) => event.ph === 'X' && event.cat === 'matmul')
    expect(product?.args).toEqual({ step: 0, flops: 4e6, bytes: 2e6, 'GFLOP/s': 2 })
  })
})
