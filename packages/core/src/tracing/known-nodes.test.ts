/** Which nodes a trace takes for one: those whose JSON is the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Node } from '../program/node.js'
import { KnownNodes } from './known-nodes.js'

const shape = fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 2 })
const inputs = fc.array(fc.nat(2), { maxLength: 2 })
const number = fc.constantFrom(0, 1, -1, 0.1, 2 ** -30, 1e30)
const base = { inputs, shape, dtype: fc.constantFrom('f32', 'i32') }
const node: fc.Arbitrary<Node> = fc.oneof(
  fc.record({ ...base, op: fc.constantFrom('add', 'mul'), attributes: fc.constant({}) }),
  fc.record({
    ...base,
    op: fc.constant('constant'),
    attributes: fc.record({ values: fc.oneof(number, fc.array(number, { maxLength: 2 })) }),
  }),
  fc.record({
    ...base,
    op: fc.constant('matmul'),
    attributes: fc.record({ transposeA: fc.constant(true), transposeB: fc.constant(true) }, { requiredKeys: [] }),
  }),
)

test('a node is known where one of the same JSON was added', () => {
  const property = fc.property(fc.array(node, { minLength: 1, maxLength: 60 }), (given) => {
    const nodes: Node[] = []
    const known = new KnownNodes(nodes)
    const texts: string[] = []
    for (const each of given) {
      const text = JSON.stringify({ ...each, attributes: Object.entries(each.attributes).sort() })
      const place = texts.indexOf(text)
      expect(known.findOrAdd(each)).toBe(place < 0 ? undefined : place)
      if (place >= 0) continue
      nodes.push(each)
      texts.push(text)
    }
  })
  fc.assert(property, { numRuns: 500 })
})
