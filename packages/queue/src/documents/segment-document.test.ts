import { defineModel, matmul, mean, normal, parameter, sgd, square } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { sha256 } from '@gradpool/storage'
import { expect, it } from 'vitest'
import { decodeRound, decodeSegment, encodeRound, encodeSegment } from './segment-document.js'

const fields = { image: { dtype: 'f32', shape: [4] } } as const
const modelOf = (width: number) =>
  defineModel({
    params: { weight: parameter([4, width], normal(1)) },
    step: ({ weight }, { image }) => ({ loss: mean(square(matmul(image, weight))) }),
  })
const { program } = train(modelOf(2), { optimizer: sgd(), batchSize: 2, data: { fields, numExamples: 8 } })
const states = Object.fromEntries(
  program.states.map(({ name, shape }, i) => [
    name,
    new Float32Array(shape.reduce((size, n) => size * n, 1)).fill(i + 0.1),
  ]),
)
const changed = Object.fromEntries(program.updates.map(({ name }) => [name, states[name] ?? new Float32Array()]))
const segment = sha256(new TextEncoder().encode('segment'))
const of = { segment, step: 4, steps: 3 }
const done = {
  status: 'done' as const,
  states: changed,
  position: {
    step: 7,
    since: 4,
    // Numbers that JSON does not have.
    sums: { loss: Float64Array.of(-0), accuracy: Float64Array.of(1 / 3, NaN, Infinity) },
    rows: { outputs: Float32Array.of(1, 2, 3) },
    lastLoss: NaN,
  },
}

it('a round and a result are read as they were written', () => {
  const round = encodeRound(states, program, { stage: segment, step: 4 })
  expect(decodeRound(round, program, segment, 'it')).toEqual(states)
  expect(decodeSegment(encodeSegment(done, program, segment), program, of, 'it')).toEqual(done)
  const lost = { ...done, status: 'notFinite' as const, position: { ...done.position, step: 5 } }
  expect(decodeSegment(encodeSegment(lost, program, segment), program, of, 'it')).toEqual(lost)
})

it('rounds of other steps have other bytes, and results of one segment have the same', () => {
  const at = (step: number) => sha256(encodeRound(states, program, { stage: segment, step }))
  expect(at(4)).not.toBe(at(8))
  expect(encodeSegment(done, program, segment)).toEqual(encodeSegment(structuredClone(done), program, segment))
})

it.each([
  ['of another segment', encodeSegment(done, program, sha256(new Uint8Array())), 'it is of another segment'],
  ['of too few steps', encodeSegment({ ...done, position: { ...done.position, step: 6 } }, program, segment), 'steps'],
  [
    'with a state too few',
    encodeSegment({ ...done, states: {} }, program, segment),
    'it has other states than its plan',
  ],
  ['a round', encodeRound(states, program, { stage: segment, step: 4 }), 'no whole document'],
  ['nothing', new Uint8Array(20), 'it'],
])('%s is no result: one sentence', (_, bytes, sentence) => {
  expect(() => decodeSegment(bytes, program, of, 'it')).toThrow(sentence)
})

it('states of another stage or another program are none of a round', () => {
  const round = encodeRound(states, program, { stage: segment, step: 4 })
  expect(() => decodeRound(round, program, sha256(new Uint8Array()), 'they')).toThrow('they are of another stage')
  const few = encodeRound(changed, program, { stage: segment, step: 4 })
  const other = train(modelOf(3), {
    optimizer: sgd(),
    batchSize: 2,
    data: { fields, numExamples: 8 },
  })
  expect(() => decodeRound(few, other.program, segment, 'it')).toThrow('it has other states than its plan')
})
