/**
 * Programs as text for people: one line a node, then updates and results.
 */
import type { Attribute, Attributes } from './attributes.js'
import { typeText } from './dtype.js'
import type { Node } from './node.js'
import type { Input, ProgramData } from './program-data.js'

/** Lists longer than this are cut short. */
const LONGEST_LIST = 8

export function programText({ nodes, inputs, updates, results }: ProgramData): string {
  const sources = new Map(inputs.map((input) => [input.node, input]))
  return [
    ...nodes.map((node, index) => `%${index} = ${nodeText(node, sources.get(index))}`),
    ...updates.map(({ name, node }) => `update ${name} = %${node}`),
    ...results.map(({ name, node, rows }) => `result ${name} = %${node}${rows ? ' by rows' : ''}`),
  ].join('\n')
}

function nodeText(node: Node, source?: Input): string {
  const { op, inputs, attributes } = node
  const type = typeText(node)
  if (source) {
    return `input(${source.role} ${source.name})${attributesText(initializerOf(source))} : ${type}`
  }
  if (op === 'constant') return `constant(${attributeText(attributes.values)}) : ${type}`
  const operands = inputs.map((input) => `%${input}`).join(', ')
  return `${op}(${operands})${attributesText(attributes)} : ${type}`
}

function initializerOf(input: Input): Attributes {
  return input.role === 'state' ? { ...input.initializer } : {}
}

function attributesText(attributes: Attributes): string {
  const entries = Object.entries(attributes).map(([key, value]) => `${key}: ${attributeText(value)}`)
  return entries.length > 0 ? ` {${entries.join(', ')}}` : ''
}

function attributeText(value: Attribute): string {
  if (typeof value === 'number') return numberText(value)
  if (typeof value !== 'object') return String(value)
  const shown = value.slice(0, LONGEST_LIST).map(numberText).join(', ')
  return value.length > LONGEST_LIST ? `[${shown}, … ${value.length}]` : `[${shown}]`
}

/** The fewest digits that tell an f32 from its neighbours: 0.1, not 0.10000000149011612. */
function numberText(value: number): string {
  if (Number.isInteger(value) || Math.fround(value) !== value) return String(value)
  for (let digits = 1; digits < 9; digits++) {
    const shortened = Number(value.toPrecision(digits))
    if (Math.fround(shortened) === value) return String(shortened)
  }
  return String(Number(value.toPrecision(9)))
}
