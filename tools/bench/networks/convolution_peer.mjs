/** Gradpool's side of the convolution alone: `node convolution_peer.mjs ENGINE`. */
import { createRequire } from 'node:module'
import { traceProgram } from '@gradpool/core/engine'
import { conv, grad, mul, slice, square, sum, zeros } from 'gradpool'
import { engines } from '../gradpool.mjs'
import { serve } from '../peers/node/serve.mjs'

const { version } = createRequire(import.meta.url)('gradpool/package.json')
const [name] = process.argv.slice(2)

await serve(async ({ op, result, shapes }, { bytes }) => {
  const program = traceProgram((trace) => {
    const { x, filter, gradient } = Object.fromEntries(
      Object.entries(shapes).map(([state, shape]) => [state, trace.state(state, shape, zeros)]),
    )
    const output = conv(x, filter, { padding: 'same' })
    const by = { 'input’s gradient': x, 'filter’s gradient': filter }[op]
    const made = by === undefined ? output : grad(sum(mul(output, gradient)), [by])[0]
    // Kept from step to step, so that all of it is made; what is told is the sum of squares of its first row.
    trace.state('made', result, zeros)
    trace.update('made', made)
    trace.result(
      'loss',
      sum(
        square(
          slice(
            made,
            result.map(() => 0),
            [1, ...result.slice(1)],
          ),
        ),
      ),
    )
  })
  const values = new Float32Array(bytes.buffer)
  const states = {}
  let at = 0
  for (const [state, shape] of Object.entries(shapes)) {
    const size = shape.reduce((total, extent) => total * extent, 1)
    states[state] = values.slice(at, at + size)
    at += size
  }
  const engine = await engines[name]({ memoryBytes: 2 ** 30 })
  const data = { fields: {}, rows: Int32Array.of(0) }
  const alone = { batchSize: 1, numExamples: 1, shuffle: false, program, metrics: [] }
  const execution = await engine.compile(alone, { data, seed: 0, state: states })
  return {
    version,
    async run(steps) {
      const { status, lastLoss } = await execution.run({ steps })
      if (status !== 'done') throw new Error(`gradpool: ${status}`)
      return lastLoss
    },
  }
})
