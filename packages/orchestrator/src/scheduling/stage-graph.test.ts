import { expect, it } from 'vitest'
import { pathWork, stageGraph } from './stage-graph.js'
import { experimentOf, stageOf } from '../testing/plans.js'

it('has one node for all stages of one hash, and edges to those that start from it', () => {
  const auto = stageOf('auto', { work: 3 })
  const head = stageOf('head', { work: 2, initFrom: auto })
  const other = stageOf('other', { work: 5, initFrom: auto })
  const graph = stageGraph([
    experimentOf('one', auto, head),
    experimentOf('two', { ...auto }, other),
    experimentOf('one', auto, head),
  ])
  expect([...graph.keys()]).toEqual(['auto', 'head', 'other'])
  const node = graph.get('auto')
  expect(node?.ref.experiments).toEqual(['one', 'two'])
  expect(node?.dependents.map(({ plan }) => plan.hash)).toEqual(['head', 'other'])
  expect(node && pathWork(node)).toBe(8)
})
