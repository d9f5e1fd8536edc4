import { constant, exp, UserError } from '@gradpool/core'
import { Program, traceProgram } from '@gradpool/core/engine'
import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../safetensors.js'
import { smallContent } from '../testing/small-content.js'
import { decodeSavedModel } from './decode.js'
import { contentHash, encodeSavedModel } from './encode.js'
import type { ModelContent } from './saved-model.js'

const content = smallContent()
const bytes = encodeSavedModel(content)
const { tensors, metadata } = decodeSafetensors(bytes, 'it')
const about = JSON.parse(metadata.gradpool ?? '') as Record<string, unknown>
Reflect.deleteProperty(about, 'checksum')

/** The file with other metadata, without a checksum over it, as version 0.2 wrote it. */
function withAbout(changes: object): Uint8Array {
  const gradpool = JSON.stringify({ ...about, ...changes })
  return encodeSafetensors({ tensors, metadata: { gradpool } })
}

describe('a saved model', () => {
  it('comes back as it was', () => {
    const { hash, ...decoded } = decodeSavedModel(bytes, 'it')
    expect(hash).toBe(contentHash(content))
    expect(JSON.parse(JSON.stringify(decoded))).toEqual(JSON.parse(JSON.stringify(content)))
    expect(decoded.states).toEqual(new Map([...content.states].sort(([a], [b]) => (a < b ? -1 : 1))))
    expect(decoded.predict?.row).toBeInstanceOf(Program)
  })

  it('comes to the same bytes again', () => {
    expect(encodeSavedModel(smallContent())).toEqual(bytes)
    expect(encodeSavedModel(decodeSavedModel(bytes, 'it'))).toEqual(bytes)
  })

  it('is written in the same order, and with what it has alone, in whatever form it is given', () => {
    const { predict, evaluation, training } = content
    if (!predict || !evaluation || !training) throw new Error('it has all parts')
    const { microBatches, ...others } = training
    expect(microBatches).toBe(1)
    const turned = <T extends object>(part: T) =>
      ({ more: 1, ...Object.fromEntries(Object.entries(part).reverse()) }) as T
    const given = { ...content, predict: turned(predict), evaluation: turned(evaluation), training: turned(others) }
    expect(encodeSavedModel(given)).toEqual(bytes)
  })

  it('needs no part but its states', () => {
    const { states, provenance, metrics } = content
    const decoded = decodeSavedModel(encodeSavedModel({ states, provenance, metrics }), 'it')
    expect(decoded).toMatchObject({ provenance, metrics })
    expect(decoded.predict).toBeUndefined()
  })

  it('has a hash of its weights and Programs alone', () => {
    const other = { ...content, metrics: {}, provenance: { gradpool: '9' } }
    expect(contentHash(other)).toBe(contentHash(content))
    expect(contentHash({ ...content, states: new Map() })).not.toBe(contentHash(content))
    const { predict, evaluation, training, table, ...others } = content
    if (!predict || !evaluation || !training?.tail || !table) throw new Error('it has all parts')
    const contents: ModelContent[] = [
      content,
      others,
      { ...others, predict },
      { ...others, evaluation },
      { ...others, training },
      { ...others, table },
      { ...others, table: { ...table, categories: { kind: ['house', 'flat'] } } },
      { ...others, table: { ...table, missing: { value: 0 } } },
      { ...others, table: { ...table, tokens: { kind: 'bytePairs', pairs: [[97, 98]] } } },
      { ...others, table: { ...table, encoder: { hash: 'a'.repeat(64), from: 'image', to: 'x' } } },
      { ...content, predict: { ...predict, row: predict.block } },
      { ...content, predict: { ...predict, block: predict.row } },
      { ...content, evaluation: { ...evaluation, row: evaluation.block } },
      { ...content, evaluation: { ...evaluation, block: evaluation.row } },
      { ...content, training: { ...training, program: training.tail } },
      { ...content, training: { ...training, tail: training.program } },
    ]
    expect(new Set(contents.map(contentHash)).size).toBe(contents.length)
  })

  it('has a checksum over all that describes it', () => {
    const gradpool = metadata.gradpool ?? ''
    const changed = (text: string) =>
      decodeSavedModel(encodeSafetensors({ tensors, metadata: { gradpool: text } }), 'it')
    expect(changed(gradpool)).not.toHaveProperty('description')
    expect(JSON.parse(gradpool)).toHaveProperty('checksum')
    for (const [before, after] of [
      ['"made up"', '"MNIST"'],
      ['"seed":0', '"seed":1'],
      ['"loss":', '"gain":'],
      ['"epochs":3', '"epochs":4'],
      ['"learningRate":0.1', '"learningRate":0.2'],
    ] as const) {
      expect(gradpool).toContain(before)
      expect(() => changed(gradpool.replace(before, after))).toThrow(
        'it was changed since it was saved: the checksum of its metadata does not match',
      )
    }
    // Nor by a program that writes the JSON anew.
    expect(() => changed(JSON.stringify(JSON.parse(gradpool)))).toThrow('the checksum of its metadata does not match')
  })

  it('of version 0.2, without that checksum, is read as unverified, and saved so', () => {
    const old = withAbout({ metrics: { accuracy: 0.99 } })
    const decoded = decodeSavedModel(old, 'it')
    expect(decoded).toMatchObject({ description: 'unverified', metrics: { accuracy: 0.99 } })
    expect(decoded.hash).toBe(contentHash(content))
    expect(encodeSavedModel(decoded)).toEqual(old)
    expect(decodeSavedModel(encodeSavedModel(decoded), 'it').description).toBe('unverified')
  })

  it.each<[string, object, string]>([
    [
      ...(['of a later version', { formatVersion: 2, provenance: { gradpool: '0.9.0' } }] as const),
      'it was saved in version 2 of the format, by Gradpool 0.9.0; this Gradpool reads version 1',
    ],
    ['of another kind', { kind: 'index' }, 'it has a index in it, not a model'],
    ['of another hash', { hash: 'a'.repeat(64) }, 'it was changed since it was saved'],
    ['without a hash', { hash: undefined }, 'its metadata has no version, kind or hash'],
    ['without provenance', { provenance: undefined }, 'its provenance is malformed'],
    ['with metrics that are a list', { metrics: [] }, 'its metrics is malformed'],
    ['with half a prediction', { predict: { fields: [] } }, 'its predict is malformed'],
    ['with two columns of a name', { table: { columns: ['a', 'a', 'b'] } }, 'its table is malformed'],
    ['with categories that are no list', { table: { categories: { a: 1 } } }, 'its table is malformed'],
    [
      'with characters of two',
      { table: { tokens: { kind: 'characters', characters: ['ab'], unknown: 'token' } } },
      'its table is malformed',
    ],
    [
      'with a pair of itself',
      { table: { tokens: { kind: 'bytePairs', pairs: [[256, 0]] } } },
      'its table is malformed',
    ],
    ['with no policy', { table: { missing: 'max' } }, 'its table is malformed'],
    [
      'with a Program that is none',
      { training: { ...(about.training as object), program: {} } },
      'not a valid Program',
    ],
  ])('%s is refused', (_, changes, message) => {
    expect(() => decodeSavedModel(withAbout(changes), 'it')).toThrow(UserError)
    expect(() => decodeSavedModel(withAbout(changes), 'it')).toThrow(message)
  })

  it('whose metadata is no JSON, nested too deep, or not there, is refused', () => {
    const refused = (metadata: Record<string, string>, message: string) => {
      const file = encodeSafetensors({ tensors, metadata })
      expect(() => decodeSavedModel(file, 'it')).toThrow(message)
    }
    refused({}, 'it is a safetensors file, but no model that Gradpool saved')
    refused({ gradpool: '{' }, 'its metadata is no JSON')
    refused({ gradpool: '['.repeat(33) + ']'.repeat(33) }, 'its metadata is no JSON')
    refused({ gradpool: '['.repeat(32) + ']'.repeat(32) }, 'its metadata has no version')
    const file = encodeSafetensors({ tensors, metadata: { gradpool: '{' } })
    expect(() => decodeSavedModel(file, 'it')).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) as unknown }),
    )
    refused({ gradpool: '['.repeat(1e6) + ']'.repeat(1e6) }, 'its metadata is no JSON')
  })

  const { predict, training } = content
  if (!predict || !training) throw new Error('it has all parts')
  const [state] = content.states
  it.each<[string, Partial<ModelContent>, string]>([
    ['states that are missing', { states: new Map() }, "needs the tensor 'w', [3, 2], which is not there"],
    [
      'a state of another shape',
      {
        states: new Map([...content.states, ['w', { shape: [2, 3], values: new Float32Array(6) }]]),
      },
      "needs the tensor 'w', [3, 2], and it is [2, 3]",
    ],
    ['other fields', { predict: { ...predict, fields: [] } }, 'its fields are not those'],
    ['other outputs', { predict: { ...predict, outputs: [] } }, 'its outputs are not the results'],
    [
      'outputs of another shape',
      { predict: { ...predict, outputs: [{ name: 'y', dtype: 'f32', shape: [] }] } },
      "its output 'y' is not [1]",
    ],
    ['another number of rows', { predict: { ...predict, blockRows: 7 } }, "reads 'x' for 8 rows, not for 7"],
    ['other columns', { table: { columns: ['a'] } }, "it has 1 columns and reads 'x' as [3]"],
    [
      'categories of no column',
      { table: { columns: ['a', 'b', 'c'], categories: { d: ['e'] } } },
      "it has categories of 'd', which is none of its columns",
    ],
    ['a prediction that learns', { predict: { ...predict, row: training.program } }, "reads 'x' for 4 rows, not for 1"],
    [
      'metrics of other results',
      { training: { ...training, metrics: [{ name: 'm', kind: 'mean', results: { a: 'b' } }] } },
      "the metric 'm' of training is of the result 'b', which is not there",
    ],
  ])('with %s is not written', (_, changes, message) => {
    expect(state).toBeDefined()
    expect(() => encodeSavedModel({ ...content, ...changes })).toThrow(UserError)
    expect(() => encodeSavedModel({ ...content, ...changes })).toThrow(message)
  })

  it('that declares more memory than is allowed is refused before any is taken', () => {
    const row = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [1, 3])
      trace.result('y', exp(constant(1, [1, 2 ** 29])), { rows: true })
      trace.result('x', x, { rows: true })
    })
    const huge = { ...predict, row, block: row, blockRows: 1 }
    const message = 'has 1073741827 elements in all of its values together, more than the 1073741824 allowed'
    expect(() => encodeSavedModel({ ...content, predict: huge })).toThrow(`predict ${message}`)
    expect(() => Program.fromJSON(row.toJSON())).toThrow(`a Program ${message}`)
  })
})
