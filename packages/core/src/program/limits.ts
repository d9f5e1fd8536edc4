/**
 * How large a Program may be. The limits are far above what fits the memory of an engine, and low
 * enough that a Program from a file is refused before memory is taken for it.
 */
import { sizeOf, type TensorType } from './dtype.js'

/** Elements of one value: 2 GiB of f32. */
export const MAX_ELEMENTS = 2 ** 29

/** Elements of all values of a Program from a file together; an engine, which reuses memory, needs less. */
const MAX_PROGRAM_ELEMENTS = 2 ** 30

/** Nodes of a Program from a file. */
const MAX_NODES = 2 ** 15

/** Characters of the name of a state, a field or a result; that of a state is a path. */
const MAX_NAME_LENGTH = 1000

/** Characters of a name that stands for itself: of an experiment, a stage, a metric, a field, a parameter. */
export const MAX_OWN_NAME_LENGTH = 200

/** What is wrong with the size of a Program from a file; undefined if nothing is. */
export function sizeProblem(nodes: readonly TensorType[]): string | undefined {
  if (nodes.length > MAX_NODES) return `has ${nodes.length} nodes, more than the ${MAX_NODES} allowed`
  const numElements = nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  if (numElements <= MAX_PROGRAM_ELEMENTS) return undefined
  return `has ${numElements} elements in all of its values together, more than the ${MAX_PROGRAM_ELEMENTS} allowed`
}

/** What is wrong with a name in a Program, to come after the name; undefined if nothing is. */
export function nameProblem(name: string, maxLength = MAX_NAME_LENGTH): string | undefined {
  if (name.length > maxLength) return `has a name of ${name.length} characters, more than the ${maxLength} allowed`
  // Values are kept in objects, by name.
  if (name in Object.prototype) return 'has a name that every JavaScript object has already'
  return undefined
}

/** The first characters of a name, for sentences about names that may be too long. */
export function beginningOf(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name
}
