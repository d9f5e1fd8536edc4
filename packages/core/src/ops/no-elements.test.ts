/** There are no tensors without elements: whatever would make one is refused with a sentence. */
import { expect, test } from 'vitest'
import * as core from '../index.js'
import { traceProgram } from '../engine/index.js'

type Attempt = (x: core.Tensor) => unknown

/** Of x [2, 3]. */
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'a constant of a shape': () => core.constant(0, [0]),
  'a constant of no numbers': () => core.constant([]),
  'a constant of lists of no numbers': () => core.constant([[], []]),
  reshape: (x) => core.reshape(x, [0, 6]),
  'reshape to the rest of nothing': (x) => core.reshape(x, [0, -1]),
  broadcastTo: (x) => core.broadcastTo(x, [0, 2, 3]),
  slice: (x) => core.slice(x, [0, 0], [2, 0]),
  'slice from the end': (x) => core.slice(x, [0, 3], [2, -1]),
  pad: (x) => core.pad(x, [0, 0], [0, 3]),
  concat: () => core.concat([], 0),
  topK: (x) => core.topK(x, 0),
  oneHot: (x) => core.oneHot(core.cast(x, 'i32'), 0),
  'gather by no numbers': (x) => core.gather(x, core.constant(new Int32Array(0))),
  'scatterAdd to no rows': (x) => core.scatterAdd(x, core.constant(Int32Array.of(0, 1)), 0),
  resize: (x) => core.resize(core.reshape(x, [1, 6, 1]), [0]),
  'conv without a window that fits': (x) => core.conv(core.reshape(x, [1, 2, 3]), core.constant(1, [3, 3, 1])),
  'maxPool without a window that fits': (x) => core.maxPool(core.reshape(x, [1, 2, 3]), 3),
  'maxPool of a window of nothing': (x) => core.maxPool(core.reshape(x, [1, 2, 3]), 0),
  'a stride of 0': (x) => core.conv(core.reshape(x, [1, 2, 3]), core.constant(1, [1, 3, 1]), { strides: 0 }),
  'random numbers': () => core.randomUniform([2, 0], 'none'),
}

test.each(Object.entries(ATTEMPTS))('%s', (_, attempt) => {
  const trace = () => traceProgram((t) => void attempt(t.state('x', [2, 3], core.zeros)))
  expect(trace).toThrow(core.UserError)
})

test('a state and a field without elements', () => {
  expect(() => traceProgram((trace) => trace.state('x', [3, 0], core.zeros))).toThrow('[3, 0] is not a shape')
  expect(() => traceProgram((trace) => trace.batch('x', 'u8', [0, 2]))).toThrow('[0, 2] is not a shape')
})
