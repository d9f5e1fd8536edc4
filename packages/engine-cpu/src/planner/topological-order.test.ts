/**
 * The order of a graph that is merged and moved about, and what is asked of it, beside the plain search of all of it.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LeastFirst } from './least-first.js'
import { TopologicalOrder } from './topological-order.js'

/** Item i may need any of those before it. */
const graphs = fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 2, maxLength: 31 })
const pairs = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 60 })

function reaches(needs: readonly Set<number>[], from: number, to: number): boolean {
  return [...(needs[from] ?? [])].some((needed) => needed === to || reaches(needs, needed, to))
}

test('what is needed comes first, whatever is merged', () => {
  const property = fc.property(graphs, pairs, (given, merges) => {
    const needs = given.map((numbers, item) => new Set(numbers.filter((number) => number < item)))
    const needsOf = (item: number) => needs[item] ?? new Set()
    const order = new TopologicalOrder([...needs.keys()])
    for (const [i, j] of merges) {
      const all = order.items
      const [one, other] = [all[i % all.length], all[j % all.length]]
      if (one === undefined || other === undefined || one === other) continue
      const [first, last] = order.isBefore(one, other) ? [one, other] : [other, one]
      const between = order.between(first, last, needsOf)
      const isApart = [...needsOf(last)].some((needed) => needed !== first && reaches(needs, needed, first))
      expect(between === undefined).toBe(isApart)
      if (between === undefined) continue
      order.moveBefore(between, first)
      const [merged, gone] = i % 2 === 0 ? [first, last] : [last, first]
      for (const needed of needsOf(gone)) needsOf(merged).add(needed)
      needsOf(merged).delete(merged)
      needsOf(merged).delete(gone)
      for (const item of order.items) if (needsOf(item).delete(gone) && item !== merged) needsOf(item).add(merged)
      order.merge(first, last, merged)
      expect(order.items).toHaveLength(all.length - 1)
      for (const item of order.items) {
        for (const needed of needsOf(item)) expect(order.isBefore(needed, item)).toBe(true)
      }
    }
  })
  fc.assert(property, { numRuns: 300 })
})

test('items that are moved to one place again and again keep their order', () => {
  const numbers = Array.from({ length: 200 }, (_, i) => i)
  const order = new TopologicalOrder(numbers)
  for (const number of numbers.slice(1)) order.moveBefore([number], 0)
  expect(order.items).toEqual([...numbers.slice(1), 0])
})

test('numbers come out with the least first', () => {
  const property = fc.property(fc.array(fc.nat()), fc.array(fc.nat()), (some, more) => {
    const heap = new LeastFirst()
    for (const number of some) heap.add(number)
    const least = heap.take()
    expect(least).toBe(some.length === 0 ? undefined : Math.min(...some))
    for (const number of more) heap.add(number)
    const rest = [...some.toSorted((a, b) => a - b).slice(1), ...more].sort((a, b) => a - b)
    expect(Array.from({ length: rest.length + 1 }, () => heap.take())).toEqual([...rest, undefined])
  })
  fc.assert(property)
})
