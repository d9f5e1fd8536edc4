/**
 * Programs from outside: a check that JSON is a Program which an engine can run, without looking at
 * a byte of memory that is not there. Every node's type is inferred again and compared with what
 * the node says.
 */
import { isRecord } from '../checks.js'
import { ShapeError, UserError } from '../errors.js'
import type { FirstValue } from '../random/initializers.js'
import type { Attribute } from './attributes.js'
import { type DType, sameShape, typeText } from './dtype.js'
import { beginningOf, nameProblem, sizeProblem } from './limits.js'
import type { Node } from './node.js'
import { OPS, type OpName } from './op-table.js'
import type { Input, Output, ProgramData, Result } from './program-data.js'
import { inferNode } from './shape-inference.js'

type Fields = Readonly<Record<string, unknown>>

/**
 * The parts of a Program, copied from parsed JSON. @throws UserError that names the node or entry
 * that is wrong
 */
export function parseProgram(data: unknown): ProgramData {
  const fields = record(data, 'a Program')
  const nodes: Node[] = []
  for (const item of list(fields, 'nodes', 'a Program')) nodes.push(parseNode(item, nodes))
  const tooLarge = sizeProblem(nodes)
  if (tooLarge !== undefined) refuse('a Program', tooLarge)
  const inputs = list(fields, 'inputs', 'a Program').map((item) => parseInput(item, nodes))
  checkInputs(inputs, nodes)
  const states = new Map<string, Node | undefined>()
  for (const { role, name, node } of inputs) if (role === 'state') states.set(name, nodes[node])
  const updates = list(fields, 'updates', 'a Program').map((item) => {
    const update = parseOutput(item, 'update', nodes)
    const state = states.get(update.name)
    if (!state) return refuse(`update "${update.name}"`, 'is of no state')
    const next = nodes[update.node] ?? state
    if (next.dtype !== state.dtype || !sameShape(next.shape, state.shape)) {
      refuse(`update "${update.name}"`, 'is not of the type of its state')
    }
    return update
  })
  const results = list(fields, 'results', 'a Program').map((item) => parseResult(item, nodes))
  checkNames('update', updates)
  checkNames('result', results)
  return { nodes, inputs, updates, results }
}

/** @param earlier the nodes before it, which are the only ones that it may read */
function parseNode(item: unknown, earlier: readonly Node[]): Node {
  const index = `node ${earlier.length}`
  const fields = record(item, index)
  const { op, dtype } = fields
  if (!isOp(op)) return refuse(index, `has the unknown op ${told(op)}`)
  const where = `${index} (${op})`
  if (!isDType(dtype)) return refuse(where, `has the unknown dtype ${told(dtype)}`)
  const inputs = list(fields, 'inputs', where).map((input) => indexOf(input, where, earlier))
  const shape = list(fields, 'shape', where).map((extent) =>
    isFinite(extent) ? extent : refuse(where, 'has an extent that is no number'),
  )
  const attributes = Object.fromEntries(
    Object.entries(record(fields.attributes, `the attributes of ${where}`)).map(([key, value]) => [
      key,
      parseAttribute(value, `attribute "${beginningOf(key)}" of ${where}`),
    ]),
  )
  const operands = inputs.flatMap((input) => earlier[input] ?? [])
  try {
    const node = inferNode({ op, inputs, attributes, shape, dtype }, operands)
    if (node.dtype !== dtype || !sameShape(node.shape, shape)) {
      refuse(where, `says that it is ${typeText({ shape, dtype })}, but it is ${typeText(node)}`)
    }
    return node
  } catch (error) {
    if (error instanceof ShapeError) refuse(where, `is not valid: ${error.message}`)
    throw error
  }
}

function parseAttribute(value: unknown, where: string): Attribute {
  if (typeof value === 'string' || typeof value === 'boolean' || isFinite(value)) return value
  if (!Array.isArray(value)) return refuse(where, 'is neither a value nor a list of numbers')
  const items: unknown[] = value
  return items.map((item) => (isFinite(item) ? item : refuse(where, 'has an item that is no number')))
}

function parseInput(item: unknown, nodes: readonly Node[]): Input {
  const fields = record(item, 'an input')
  const { role } = fields
  const name = nameOf(fields, 'input')
  const where = `input "${name}"`
  const node = indexOf(fields.node, where, nodes)
  if (nodes[node]?.op !== 'input') refuse(where, `names node ${node}, which is no input`)
  if (role === 'state') return { role, name, node, initializer: parseInitializer(fields, where) }
  if (role === 'batch') return { role, name, node }
  if (role === 'step' || role === 'seed') {
    return name === role ? { role, name, node } : refuse(where, `should be named "${role}"`)
  }
  return refuse(where, `has the unknown role ${told(role)}`)
}

/** Each input node has one input, of a fitting type, and no two inputs of a role have one name. */
function checkInputs(inputs: readonly Input[], nodes: readonly Node[]): void {
  const sources = new Set(inputs.map(({ node }) => node))
  if (sources.size < inputs.length) refuse('a Program', 'has two inputs for one node')
  nodes.forEach(({ op }, index) => {
    if (op === 'input' && !sources.has(index)) refuse(`node ${index} (input)`, 'is no input')
  })
  for (const role of ['state', 'batch', 'step', 'seed']) {
    checkNames(
      role,
      inputs.filter((input) => input.role === role),
    )
  }
  for (const input of inputs) {
    const { role, name, node } = input
    const { dtype, shape } = nodes[node] ?? { dtype: undefined, shape: [] }
    if (role === 'state' && dtype !== 'f32') refuse(`state "${name}"`, 'is not f32')
    if (input.role === 'state') checkSameAs(input, inputs, nodes)
    if ((role === 'step' || role === 'seed') && (dtype !== 'i32' || shape.length > 0)) {
      refuse(role, 'is not an i32 scalar')
    }
  }
}

/** A state that begins as another needs one of its shape with a first value of its own. */
function checkSameAs(
  { name, node, initializer }: Extract<Input, { role: 'state' }>,
  inputs: readonly Input[],
  nodes: readonly Node[],
): void {
  if (initializer.kind !== 'sameAs') return
  const isOther = (each: Input) =>
    each.role === 'state' && each.name === initializer.state && each.initializer.kind !== 'sameAs'
  const shapeOf = (each?: number) => nodes[each ?? -1]?.shape ?? []
  const other = inputs.find(isOther)
  if (other && sameShape(shapeOf(node), shapeOf(other.node))) return
  refuse(`state "${name}"`, `begins as "${beginningOf(initializer.state)}", which is no such state`)
}

function parseInitializer({ initializer }: Fields, where: string): FirstValue {
  const fields = record(initializer, `the initializer of ${where}`)
  const number = (key: string): number => {
    const value = fields[key]
    return isFinite(value) ? value : refuse(`the initializer of ${where}`, `has no number "${key}"`)
  }
  const { kind } = fields
  switch (kind) {
    case 'constant':
      return { kind, value: number('value') }
    case 'normal':
      return { kind, mean: number('mean'), std: number('std') }
    case 'uniform':
      return { kind, low: number('low'), high: number('high') }
    case 'sameAs':
      return { kind, state: nameOf({ name: fields.state }, 'state that another begins as') }
    default:
      return refuse(`the initializer of ${where}`, `is of the unknown kind ${told(kind)}`)
  }
}

function parseOutput(item: unknown, kind: 'update' | 'result', nodes: readonly Node[]): Output {
  const fields = record(item, `${kind} that`)
  const name = nameOf(fields, kind)
  return { name, node: indexOf(fields.node, `${kind} "${name}"`, nodes) }
}

function parseResult(item: unknown, nodes: readonly Node[]): Result {
  const result = parseOutput(item, 'result', nodes)
  const where = `result "${result.name}"`
  const { rows } = record(item, where)
  const node = nodes[result.node]
  if (node?.dtype !== 'f32') refuse(where, 'is not f32')
  if (rows === undefined) return result
  if (rows !== true) refuse(where, 'has "rows" that is not true')
  if (node.shape.length === 0) refuse(where, 'is by rows, but one number')
  return { ...result, rows }
}

function checkNames(kind: string, items: readonly { readonly name: string }[]): void {
  const names = new Set<string>()
  for (const { name } of items) {
    if (names.has(name)) refuse(`${kind} "${name}"`, 'is there twice')
    names.add(name)
  }
}

/** @param nodes those that may be referred to */
function indexOf(value: unknown, where: string, nodes: readonly Node[]): number {
  if (!isFinite(value) || !Number.isInteger(value) || value < 0 || value >= nodes.length) {
    return refuse(where, `refers to node ${told(value)}, but may to those below ${nodes.length}`)
  }
  return value
}

function nameOf({ name }: Fields, where: string): string {
  if (typeof name !== 'string') return refuse(where, 'has no name')
  const problem = nameProblem(name)
  return problem === undefined ? name : refuse(`${where} "${beginningOf(name)}"`, problem)
}

function record(value: unknown, where: string): Fields {
  return isRecord(value) ? value : refuse(where, 'is not an object')
}

function list(fields: Fields, key: string, where: string): readonly unknown[] {
  const value = fields[key]
  return Array.isArray(value) ? value : refuse(where, `has no list "${key}"`)
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isOp(value: unknown): value is OpName {
  return typeof value === 'string' && Object.hasOwn(OPS, value)
}

function isDType(value: unknown): value is DType {
  return value === 'f32' || value === 'i32' || value === 'u8'
}

/** A value from outside, however long it is. */
function told(value: unknown): string {
  return value === undefined ? 'undefined' : beginningOf(JSON.stringify(value))
}

function refuse(where: string, complaint: string): never {
  throw new UserError(`this is not a valid Program: ${where} ${complaint}`)
}
