/** What the JSON of a saved model may say, field by field. */
import { UserError } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../safetensors.js'
import { smallContent } from '../testing/small-content.js'
import { decodeContent } from './decode.js'
import { encodeSavedModel } from './encode.js'

type Part = 'predict' | 'evaluation' | 'training' | 'provenance'

/** The content of the small model with other metadata, whose hash is not looked at. */
function contentWith(changes: object) {
  const { tensors, metadata } = decodeSafetensors(encodeSavedModel(smallContent()), 'it')
  const about = JSON.parse(metadata.gradpool ?? '') as object
  const gradpool = JSON.stringify({ ...about, ...changes })
  return decodeContent(encodeSafetensors({ tensors, metadata: { gradpool } }), 'it').content
}

/** The same with some fields of a part replaced. */
function contentWithin(part: Part, changes: object) {
  const whole = JSON.parse(JSON.stringify(smallContent()[part])) as object
  return contentWith({ [part]: { ...whole, ...changes } })
}

const x = { name: 'x', dtype: 'f32', shape: [3] }
const y = { name: 'y', dtype: 'f32', shape: [2] }
const loss = { name: 'loss', kind: 'mean', results: { value: 'loss' } }

const malformed: readonly [Part, object][] = [
  ['predict', { blockRows: 0 }],
  ['predict', { blockRows: 1.5 }],
  ['predict', { fields: { x } }],
  ['predict', { fields: [x, x] }],
  ['predict', { fields: [3] }],
  ['predict', { fields: [{ ...x, name: 3 }] }],
  ['predict', { fields: [{ ...x, dtype: 'f64' }] }],
  ['predict', { fields: [{ ...x, shape: [-1] }] }],
  ['predict', { fields: [{ ...x, shape: 3 }] }],
  ['predict', { fields: [{ ...x, shape: [3, 0.5] }] }],
  ['predict', { outputs: [y, y] }],
  ['predict', { outputs: [{ ...y, dtype: undefined }] }],
  ['evaluation', { blockRows: -1 }],
  ['evaluation', { metrics: {} }],
  ['evaluation', { metrics: [loss, 3] }],
  ['evaluation', { metrics: [{ ...loss, name: 3 }] }],
  ['evaluation', { metrics: [{ ...loss, kind: 'sum' }] }],
  ['evaluation', { metrics: [{ ...loss, results: ['loss'] }] }],
  ['evaluation', { metrics: [{ ...loss, results: { value: 'loss', other: 1 } }] }],
  ['evaluation', { metrics: [{ ...loss, direction: 'up' }] }],
  ['evaluation', { metrics: [{ ...loss, finish: 3 }] }],
  ['training', { batchSize: 0 }],
  ['training', { numExamples: 0 }],
  ['training', { numExamples: '10' }],
  ['training', { microBatches: 0 }],
  ['training', { microBatches: 5 }],
  ['training', { plateaus: 3 }],
  ['training', { plateaus: [{ state: 'optimizer/reductions', patience: 0, minDelta: 0 }] }],
  ['training', { plateaus: [{ state: 3, patience: 1, minDelta: 0 }] }],
  ['training', { shuffle: 1 }],
  ['training', { metrics: 'loss' }],
  ['provenance', { gradpool: 3 }],
  ['provenance', { numerics: 3 }],
  ['provenance', { data: { name: 'made up' } }],
  ['provenance', { data: { name: 3, hash: 'f' } }],
  ['provenance', { data: 'made up' }],
  ['provenance', { seed: '0' }],
  ['provenance', { epochs: -1 }],
  ['provenance', { options: [] }],
]

describe('what the metadata says', () => {
  it.each(malformed)('%s with %j is refused', (part, changes) => {
    const decode = () => contentWithin(part, changes)
    expect(decode).toThrow(UserError)
    expect(decode).toThrow(`it is not a whole saved model: its ${part} is malformed`)
  })

  it.each([
    [{ formatVersion: 2, provenance: 3 }, 'it was saved in version 2 of the format; this Gradpool reads version 1'],
    [{ formatVersion: 0, provenance: { gradpool: 3 } }, 'it was saved in version 0 of the format; this'],
    [{ formatVersion: -1 }, 'its metadata has no version, kind or hash'],
    [{ formatVersion: '1' }, 'its metadata has no version, kind or hash'],
    [{ kind: 3 }, 'its metadata has no version, kind or hash'],
    [{ hash: 'a' }, 'its metadata has no version, kind or hash'],
    [{ predict: null }, 'its predict is malformed'],
    [{ evaluation: [] }, 'its evaluation is malformed'],
    [{ training: 3 }, 'its training is malformed'],
    [{ metrics: null }, 'its metrics is malformed'],
  ])('%j is refused', (changes, message) => {
    expect(() => contentWith(changes)).toThrow(UserError)
    expect(() => contentWith(changes)).toThrow(message)
  })

  it('metrics are of three kinds, and have a direction and a named function or none', () => {
    const metrics = [
      { ...loss, name: 'a', direction: 'min' },
      { ...loss, name: 'b', kind: 'means', direction: 'max', finish: 'rootMean' },
      { ...loss, name: 'c', kind: 'rows' },
      { ...loss, name: 'd', results: {} },
    ]
    expect(contentWithin('evaluation', { metrics }).evaluation?.metrics).toEqual(metrics)
    expect(contentWithin('training', { metrics }).training?.metrics).toEqual(metrics)
  })

  it('fields are of any dtype, and here of that which the Program reads', () => {
    for (const dtype of ['i32', 'u8']) {
      expect(() => contentWithin('predict', { fields: [{ ...x, dtype }] })).toThrow(
        'its fields are not those that its prediction reads',
      )
    }
  })

  it('only the version of Gradpool must be known of where a model comes from', () => {
    expect(contentWith({ provenance: { gradpool: '1' } }).provenance).toEqual({ gradpool: '1' })
    expect(contentWithin('provenance', { seed: -0.5, epochs: 0 }).provenance).toMatchObject({ seed: -0.5, epochs: 0 })
  })

  it('micro-batches are 1 where nothing is said of them, and at most the batch', () => {
    expect(contentWithin('training', { microBatches: undefined }).training?.microBatches).toBe(1)
    expect(contentWithin('training', { microBatches: 4 }).training?.microBatches).toBe(4)
  })

  it('a training of batches without a rest has no tail', () => {
    const { training } = contentWithin('training', { numExamples: 8, tail: undefined })
    expect(training).toMatchObject({ numExamples: 8 })
    expect(training).not.toHaveProperty('tail')
  })

  it('fields are several where their names are different', () => {
    expect(() => contentWithin('predict', { fields: [x, { ...x, name: 'z' }] })).toThrow(
      'its fields are not those that its prediction reads',
    )
  })

  it('a field that is not known is left out', () => {
    const { predict, training } = contentWithin('predict', { fields: [{ ...x, more: 1 }], more: 1 })
    expect(predict?.fields).toEqual([x])
    expect(predict).not.toHaveProperty('more')
    expect(training).toHaveProperty('tail')
  })
})
