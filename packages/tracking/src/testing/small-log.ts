/** A training of one layer over pictures of 4 by 4, as sinks are told of it. */
import type { LogEvent, LogItem } from '@gradpool/trainer'
import { Program } from '@gradpool/core/engine'

const program = new Program({
  nodes: [
    { op: 'input', inputs: [], attributes: {}, shape: [2, 16], dtype: 'f32' },
    { op: 'input', inputs: [], attributes: {}, shape: [16, 3], dtype: 'f32' },
    { op: 'matmul', inputs: [0, 1], attributes: {}, shape: [2, 3], dtype: 'f32' },
    { op: 'sum', inputs: [2], attributes: { axes: [0, 1] }, shape: [], dtype: 'f32' },
  ],
  inputs: [
    { role: 'batch', name: 'image', node: 0 },
    { role: 'state', name: 'layer.weight', node: 1, initializer: { kind: 'constant', value: 0 } },
  ],
  updates: [],
  results: [{ name: 'loss', node: 3 }],
})

const weights = { 'layer.weight': Float32Array.from({ length: 48 }, (_, at) => (at - 24) / 16) }
const image = { bytes: Uint8Array.from({ length: 12 }, (_, at) => at * 20), height: 3, width: 4, channels: 1 }

export const smallItems: readonly LogItem[] = [
  { type: 'started', epochs: 2, params: { 'optimizer.name': 'adam', batchSize: 2, shuffle: true }, program },
  { type: 'epoch', row: { epoch: 1, seconds: 0.5, loss: 2, accuracy: 0.25, validation: { loss: 1.5, accuracy: 0.5 } } },
  { type: 'image', name: 'inputs/one', epoch: 1, image },
  {
    type: 'table',
    name: 'worst',
    epoch: 1,
    table: {
      columns: ['row', 'a|b'],
      rows: [
        [7, '<b>x</b>'],
        [8, null],
      ],
    },
  },
  { type: 'file', name: 'notes.txt', epoch: 1, contents: Buffer.from('first\nsecond') },
  { type: 'usage', seconds: 10, cores: 1.5, memoryBytes: 2 ** 27 },
  {
    type: 'epoch',
    row: { epoch: 2, seconds: 0.25, loss: NaN, accuracy: 0.5, validation: { loss: 1, accuracy: 0.75 } },
  },
  {
    type: 'ended',
    status: 'done',
    epoch: 2,
    test: {
      loss: 1.25,
      accuracy: 0.625,
      confusion: [
        [3, 1],
        [0, 4],
      ],
    },
    weights,
  },
]

export function smallLog(training: string): LogEvent[] {
  return smallItems.map((item, at) => ({ ...item, training, time: 1_750_000_000_000 + 1000 * at }))
}
