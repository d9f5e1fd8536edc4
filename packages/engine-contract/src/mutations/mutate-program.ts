/**
 * Programs as they may come from a file that was damaged or forged: real ones with something
 * changed. Most of the changes are of a kind that leaves many a Program valid, so that engines are
 * reached; the others are anything.
 */
import { OPS, type Node, type ProgramData } from '@gradpool/core/engine'
import type { Random } from './random.js'

/** Plain JSON that may be spoilt: what it should be says `ProgramData`. */
export interface LooseProgram {
  nodes: LooseNode[]
  inputs: Loose[]
  updates: Loose[]
  results: Loose[]
}

type Loose = Record<string, unknown>

interface LooseNode {
  op: unknown
  inputs: unknown[]
  attributes: Loose
  shape: unknown[]
  dtype: unknown
}

type Mutation = (program: LooseProgram, random: Random) => void

/** The Program with one to four changes. */
export function mutateProgram(program: ProgramData, random: Random): LooseProgram {
  const loose = JSON.parse(JSON.stringify(program)) as LooseProgram
  const count = 1 + random.below(4)
  for (let i = 0; i < count; i++) {
    const mutations = random.isOneIn(4) ? WILD : MILD
    if (loose.nodes.length > 0) random.of(mutations)(loose, random)
  }
  return loose
}

const NUMBERS = [-1, 0, 1, 2, 3, 5, 7, 1.5, NaN, 2 ** 16, 2 ** 28, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e300]
const STRANGE = [
  null,
  true,
  'x',
  '',
  '__proto__',
  'constructor',
  [],
  {},
  -1,
  1.5,
  2 ** 53,
  '\u001b[2J',
  'n'.repeat(5000),
]
const ELEMENTWISE = [
  ['neg', 'exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'relu', 'abs', 'flush', 'stopGradient', 'softmax', 'logSoftmax'],
  ['add', 'sub', 'mul', 'div', 'max', 'min', 'less', 'lessEqual', 'equal'],
  ['select'],
]

/** Changes after which a Program is often valid. */
const MILD: readonly Mutation[] = [
  // Another op of as many operands.
  ({ nodes }, random) => {
    const node = random.of(nodes)
    const group = ELEMENTWISE.find((ops) => ops.some((op) => op === node.op))
    if (group) node.op = random.of(group)
  },
  // Another operand of the same type.
  ({ nodes }, random) => {
    const at = random.below(nodes.length)
    const node = nodes[at]
    if (!node || node.inputs.length === 0) return
    const place = random.below(node.inputs.length)
    const alike = sameType(nodes, Number(node.inputs[place])).filter((index) => index < at)
    if (alike.length > 0) node.inputs[place] = random.of(alike)
  },
  // A result or an update of another node.
  ({ nodes, results, updates }, random) => {
    const outputs = [...results, ...updates]
    if (outputs.length === 0) return
    const output = random.of(outputs)
    const alike = random.isOneIn(2) ? sameType(nodes, Number(output.node)) : [...nodes.keys()]
    if (alike.length > 0) output.node = random.of(alike)
  },
  // A node between a value and those that read it.
  (program, random) => {
    const at = random.below(program.nodes.length)
    const node = program.nodes[at]
    if (!node) return
    insert(program, at + 1, { ...through(node, random), inputs: [at] })
    for (const reader of program.nodes.slice(at + 2)) {
      reader.inputs = reader.inputs.map((input) => (input === at ? at + 1 : input))
    }
  },
  // A node that nothing reads.
  ({ nodes }, random) => {
    const at = random.below(nodes.length)
    const node = nodes[at]
    if (node) nodes.push({ ...through(node, random), inputs: [at] })
  },
  // The same node twice.
  (program, random) => {
    const at = random.below(program.nodes.length)
    const node = program.nodes[at]
    if (node && node.op !== 'input') insert(program, at + 1, structuredClone(node))
  },
  ({ results }, random) => {
    if (results.length === 0) return
    const result = random.of(results)
    if (result.rows === true) delete result.rows
    else result.rows = true
  },
  ({ results, nodes }, random) => {
    const floats = [...nodes.keys()].filter((index) => nodes[index]?.dtype === 'f32')
    if (floats.length > 0) results.push({ name: `more${results.length}`, node: random.of(floats) })
  },
  ({ updates }, random) => void updates.splice(random.below(updates.length + 1), 1),
  ({ inputs }, random) => {
    const states = inputs.filter(({ role }) => role === 'state')
    if (states.length > 0) random.of(states).initializer = { kind: 'uniform', low: -random.next(), high: 1 }
  },
  ({ nodes }, random) => {
    const constants = nodes.filter(({ op }) => op === 'constant')
    if (constants.length > 0) random.of(constants).attributes = { values: random.of([0, -0, 1, -1, 0.5, 3]) }
  },
]

/** Changes of anything to anything. */
const WILD: readonly Mutation[] = [
  ({ nodes }, random) => void (random.of(nodes).op = random.of([...Object.keys(OPS), 'toString', ...STRANGE])),
  ({ nodes }, random) => void (random.of(nodes).dtype = random.of(['f32', 'i32', 'u8', ...STRANGE])),
  ({ nodes }, random) => {
    const { shape } = random.of(nodes)
    const at = random.below(shape.length + 1)
    shape.splice(at, random.below(2), ...(random.isOneIn(3) ? [] : [random.of(NUMBERS)]))
  },
  ({ nodes }, random) => void random.of(nodes).shape.reverse(),
  ({ nodes }, random) => {
    const { inputs } = random.of(nodes)
    const index = random.isOneIn(3) ? random.of([...NUMBERS, ...STRANGE]) : random.below(nodes.length)
    inputs.splice(random.below(inputs.length + 1), random.below(2), index)
  },
  ({ nodes }, random) => {
    const { inputs } = random.of(nodes)
    inputs.splice(random.below(inputs.length + 1), 1)
  },
  ({ nodes }, random) => {
    const node = random.of(nodes)
    const other = random.of(nodes)
    node.attributes = random.isOneIn(2) ? structuredClone(other.attributes) : {}
  },
  ({ nodes }, random) => {
    const { attributes } = random.of(nodes)
    const known = [
      'axes',
      'segments',
      'depth',
      'axis',
      'starts',
      'before',
      'permutation',
      'values',
      'transposeA',
      'strides',
      'groups',
    ]
    const name = random.of([...known, ...Object.keys(attributes), '__proto__'])
    attributes[name] = random.of([random.of(NUMBERS), [random.of(NUMBERS)], [0, 1], random.of(STRANGE)])
  },
  // Something before or after it reads another node then.
  ({ nodes }, random) => void nodes.splice(random.below(nodes.length), 1),
  ({ nodes }, random) => {
    const [a, b] = [random.below(nodes.length), random.below(nodes.length)]
    const [first, second] = [nodes[a], nodes[b]]
    if (first && second) [nodes[a], nodes[b]] = [second, first]
  },
  ({ inputs, updates, results, nodes }, random) => {
    const items = random.of([inputs, updates, results])
    if (items.length === 0) return
    const item = random.of(items)
    const field = random.of(['role', 'name', 'node', 'initializer', 'rows'])
    const roles = ['state', 'batch', 'step', 'seed', 'loss']
    item[field] = random.of([random.of(STRANGE), random.of(NUMBERS), random.below(nodes.length), random.of(roles)])
  },
  ({ inputs, updates, results }, random) => {
    const items = random.of([inputs, updates, results])
    if (random.isOneIn(2)) items.splice(random.below(items.length + 1), 1)
    else if (items.length > 0) items.push({ ...random.of(items) })
  },
]

/** A node of the same type as this one, which it will read. */
function through({ shape, dtype }: LooseNode, random: Random): LooseNode {
  const plain = { inputs: [], attributes: {}, shape: [...shape], dtype }
  const moves: LooseNode[] = [
    { ...plain, op: 'reshape' },
    { ...plain, op: 'broadcast' },
    { ...plain, op: 'concat', attributes: { axis: random.below(shape.length) } },
    { ...plain, op: 'slice', attributes: { starts: shape.map(() => 0) } },
    { ...plain, op: 'pad', attributes: { before: shape.map(() => 0) } },
    { ...plain, op: 'transpose', attributes: { permutation: [...shape.keys()] } },
    { ...plain, op: 'cast', attributes: { dtype } },
    { ...plain, op: 'stopGradient' },
    { ...plain, op: 'tanh' },
  ]
  return random.of(moves)
}

/** Puts a node there, and all that follow one further. */
function insert(program: LooseProgram, at: number, node: LooseNode): void {
  const moved = (index: unknown) => (typeof index === 'number' && index >= at ? index + 1 : index)
  for (const each of program.nodes) each.inputs = each.inputs.map(moved)
  for (const item of [...program.inputs, ...program.updates, ...program.results]) item.node = moved(item.node)
  program.nodes.splice(at, 0, node)
}

/** The nodes of the type of this one, itself left out. */
function sameType(nodes: readonly LooseNode[], index: number): number[] {
  const typeOf = (node: LooseNode | undefined) => JSON.stringify([node?.dtype, node?.shape])
  const wanted = typeOf(nodes[index])
  return [...nodes.keys()].filter((other) => other !== index && typeOf(nodes[other]) === wanted)
}

/** Ops that compute without rounding. */
export const EXACT_OPS: ReadonlySet<Node['op']> = new Set([
  ...(['input', 'constant', 'neg', 'relu', 'abs', 'flush', 'stopGradient', 'cast', 'max', 'min'] as const),
  ...(['less', 'lessEqual', 'equal', 'select', 'reduceMax', 'argMax', 'broadcast', 'reshape'] as const),
  ...(['transpose', 'slice', 'pad', 'concat', 'gather', 'oneHot', 'maxPool', 'sort', 'sortSpread'] as const),
])
