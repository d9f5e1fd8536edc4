/**
 * Which label made a loss NaN: the losses of the models package divide by 1 where a label is one of the classes, and by
 * 0 where it is none (`isClass`). What a batch is divided by follows from its labels alone, so it is computed here,
 * from the data.
 */
import {
  evaluate,
  prune,
  type Program,
  sizeOf,
  type BatchField,
  type BatchProgram,
  type Execution,
  type Node,
  type NodeOf,
  type Split,
} from '@gradpool/core/engine'
import { inMemory } from '@gradpool/datasets'
import { batchOf, madeOf } from './locate-nonfinite.js'

export interface LabelOutside {
  readonly field: string
  /** Of the field. */
  readonly row: number
  readonly label: number
  readonly numClasses: number
}

/** A step whose loss is not finite, of a training or of an evaluation. */
export interface JudgedStep {
  readonly program: BatchProgram
  readonly data: Split
  readonly seed: number
  readonly step: number
}

/** The first label of the step's batch that is none of the classes, if there is one. */
export function labelOutside({ program: batches, data, seed, step }: JudgedStep): LabelOutside | undefined {
  const { program, rows } = batchOf(batches, step, data, seed)
  for (const divisor of divisorsOf(program)) {
    const labels = labelsOf(program, divisor)
    if (labels?.fields.every(({ name }) => data.fields[name]) !== true) continue
    const { field, fields, oneHot } = labels
    const memory = inMemory(
      { ...data, rows },
      fields.map(({ name }) => name),
    )
    const valuesOf = ({ name }: BatchField) => Array.from(memory.rows, (row) => memory.fields[name]?.values[row] ?? NaN)
    const batch = Object.fromEntries(fields.map((each) => [each.name, valuesOf(each)]))
    const { results } = evaluate(telling(program, divisor), { batch })
    const known = results.known ?? []
    const width = known.length / rows.length
    const place = rows.findIndex((_, i) => known[i * width] === 0)
    const row = rows[place]
    if (row === undefined) continue
    return { field: field.name, row, label: batch[field.name]?.[place] ?? NaN, numClasses: oneHot.attributes.depth }
  }
  return undefined
}

export function labelIsOutside({ field, row, label, numClasses }: LabelOutside): string {
  return (
    `the label in row ${row} of the field '${field}' is ${label}, which is none of the ${numClasses} classes, ` +
    `0 to ${numClasses - 1}; mend it, or leave such rows out with ignoreLabel`
  )
}

/**
 * That the loss of a pass over held-out examples is not finite, and why, as far as it is known.
 *
 * @param execution stands before the step
 */
export function passNotFinite(
  what: string,
  pass: Pick<JudgedStep, 'program' | 'data'> | undefined,
  execution: Execution | undefined,
  when = '',
): string {
  const label = pass && execution && labelOutside({ ...pass, seed: 0, step: execution.step })
  return `the loss over ${what} is not a finite number${when}${label ? `: ${labelIsOutside(label)}` : ''}`
}

/** What is divided by, of one value or row for each example. */
function divisorsOf({ nodes }: Program): number[] {
  const divisors = nodes.flatMap(({ op, inputs }) => (op === 'div' ? inputs.slice(1) : []))
  return [...new Set(divisors)]
}

interface Labels {
  /** Of the labels. */
  readonly field: BatchField
  /** All that decide the value: the labels, and the weights of rows. */
  readonly fields: readonly BatchField[]
  readonly oneHot: NodeOf<'oneHot'>
}

/** The labels of a value that fields of one number a row decide alone, by a one-hot of the labels' classes. */
function labelsOf(program: Program, index: number): Labels | undefined {
  const nodes = [...madeOf(program, index)]
  const oneHot = nodes.map((each) => program.node(each)).find(isOneHot)
  const fields = fieldsOf(program, nodes)
  if (oneHot === undefined || fields === undefined) return undefined
  const [field, ...others] = fieldsOf(program, [...madeOf(program, oneHot.inputs[0] ?? 0)]) ?? []
  if (field === undefined || others.length > 0) return undefined
  const hasRows = sizeOf(program.node(index).shape) % sizeOf(field.shape) === 0
  return hasRows && fields.every(({ shape }) => shape.length === 1) ? { field, fields, oneHot } : undefined
}

/** The fields among nodes; undefined where another value comes from outside. */
function fieldsOf(program: Program, nodes: readonly number[]): readonly BatchField[] | undefined {
  const sources = nodes.filter((each) => isSource(program.node(each)))
  const fields = program.fields.filter(({ node }) => sources.includes(node))
  return fields.length === sources.length ? fields : undefined
}

function isOneHot(node: Node): node is NodeOf<'oneHot'> {
  return node.op === 'oneHot'
}

/** Whether a value comes from outside of the Program, or from chance. */
function isSource({ op }: Node): boolean {
  return op === 'input' || op === 'random'
}

function telling(program: Program, node: number): Program {
  const results = [{ name: 'known', node }]
  return prune({ ...program.toJSON(), updates: [], results }, { keepStates: false })
}
