import { UserError } from '@gradpool/core'
import { expect, it } from 'vitest'
import { makeRun } from '../testing/made-runs.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { listRuns } from './list-runs.js'
import { changeLabels, readLabels } from './run-labels.js'
import { fits, flatConfig, isFoundIn, parseCondition, valuesOf } from './run-fields.js'

async function aRun() {
  const parent = await temporaryFolder()
  const directory = makeRun(parent, {
    name: 'a',
    train: { epochs: 4, optimizer: { kind: 'adam', learningRate: 1e-3 } },
  })
  await changeLabels(directory, { add: ['best', 'Paper'], note: 'For the Talk' })
  const [run] = await listRuns(parent)
  const [one] = run?.experiments ?? []
  if (run === undefined || one === undefined) throw new Error('no run')
  return { run, one }
}

it('finds fields, metrics of the best data there is, and ends of paths', async () => {
  const { run, one } = await aRun()
  const of = (name: string) => valuesOf(run, one, name)
  expect(of('accuracy')).toEqual([0.9])
  expect(of('training.accuracy')).toEqual([0.75])
  expect(of('validation.loss')).toEqual([0.6])
  expect(of('epochs')).toEqual([4])
  expect(of('learningRate')).toEqual([1e-3])
  expect(of('optimizer.kind')).toEqual(['adam'])
  expect(of('kind')).toEqual(['adam', 'classify'])
  expect(of('tag')).toEqual(['Paper', 'best'])
  for (const none of ['rate', 'constructor', '__proto__', 'commit']) expect(of(none)).toEqual([])
})

it.each([
  ['epochs>3', true],
  ['epochs>4', false],
  ['epochs>=4', true],
  ['epochs<=4', true],
  ['epochs < 10', true],
  ['accuracy>=0.9', true],
  ['accuracy<0.9', false],
  ['learningRate=0.001', true],
  ['learningRate==1e-3', true],
  ['kind=adam', true],
  ['kind!=adam', false],
  ['kind!=sgd', true],
  ['tag=best', true],
  ['tag!=best', false],
  ['tag=worst', false],
  ['note~talk', true],
  ['started>2025-12', true],
  ['started>2026-02', false],
  ['status=done', true],
  ['nothing=1', false],
  ['nothing!=1', true],
  ['accuracy>high', false],
  ['hidden[0]=10', true],
])('%s: %s', async (typed, expected) => {
  const { run, one } = await aRun()
  const flat = typed === 'hidden[0]=10' ? 'stages[0].hidden[0]=10' : typed
  expect(fits(run, one, parseCondition(flat))).toBe(expected)
})

it.each(['', 'epochs', '>3', 'epochs>', 'a b>3', '=', 'epochs=>'])('%j is no condition', (typed) => {
  if (typed === 'epochs=>') expect(parseCondition(typed).value).toBe('>')
  else expect(() => parseCondition(typed)).toThrow(UserError)
})

it('searches names, tags and notes', async () => {
  const { run, one } = await aRun()
  for (const text of ['MINE', 'pap', 'talk', 'mnist', 'wasm']) expect(isFoundIn(run, one, text)).toBe(true)
  expect(isFoundIn(run, one, 'adam')).toBe(false)
})

it('flattens a configuration', () => {
  const config = { a: { b: [1, { c: null }] }, d: true, e: 'x' }
  expect([...flatConfig(config)]).toEqual([
    ['a.b[0]', 1],
    ['a.b[1].c', null],
    ['d', true],
    ['e', 'x'],
  ])
})

it('adds and takes tags, and keeps the note', async () => {
  const directory = makeRun(await temporaryFolder(), { name: 'a' })
  await changeLabels(directory, { add: ['b', 'a', 'b'], note: ' one\ntwo ' })
  expect(await changeLabels(directory, { remove: ['b'] })).toEqual({ tags: ['a'], note: 'one\ntwo' })
  expect(await readLabels(directory)).toEqual({ tags: ['a'], note: 'one\ntwo' })
  await expect(changeLabels(directory, { add: ['no tag'] })).rejects.toThrow(UserError)
  expect(await changeLabels(directory, { remove: ['a'], note: '' })).toEqual({ tags: [], note: '' })
  expect(await readLabels(directory)).toEqual({ tags: [], note: '' })
})

it('makes changes that are asked for at once one after the other', async () => {
  const directory = makeRun(await temporaryFolder(), { name: 'a' })
  const tags = ['a', 'b', 'c', 'd']
  await Promise.all(tags.map((tag) => changeLabels(directory, { add: [tag] })))
  expect(await readLabels(directory)).toEqual({ tags, note: '' })
})
