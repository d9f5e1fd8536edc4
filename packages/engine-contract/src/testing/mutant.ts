/** The reference evaluator, but for one op that it computes wrongly: what a comparison must notice. */
import { mapNodes, type Engine, type Node, type OpName } from '@gradpool/core/engine'

type Mutation = (node: Node, add: (node: Node) => number) => Node

const constant = (like: Node, value: number): Node => {
  return { op: 'constant', inputs: [], attributes: { values: value }, shape: like.shape, dtype: like.dtype }
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'gives zeros': (node) => constant(node, 0),
  'is a thousandth too large': (node, add) => {
    if (node.dtype !== 'f32') return constant(node, 1)
    const inputs = [add(node), add(constant(node, 1.001))]
    return { op: 'mul', inputs, attributes: {}, shape: node.shape, dtype: 'f32' }
  },
}

/** The engine, but for one op. */
export function mutant(engine: Engine, op: OpName, mutate: Mutation): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (name === 'compile') {
        const compile: Engine['compile'] = (program, options) => {
          const mutated = mapNodes(program.program, (node, _, add) => (node.op === op ? mutate(node, add) : node))
          return target.compile({ ...program, program: mutated }, options)
        }
        return compile
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
