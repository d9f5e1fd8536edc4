/**
 * Several Programs read as one: nodes that play the same part, side by side.
 *
 * Programs of one structure need not have equal lists of nodes: where two constants happen to be equal in one of them,
 * they are one node there. So parts are found by walking from the outputs, in all Programs at once.
 */
import type { Node, Output, Program } from '../program/program.js'

/** A node of every Program. */
export interface JointNode {
  /** That of the first Program, with the indices of joint nodes as its inputs. */
  readonly node: Node
  /** The number that fills a constant in each Program, where it is not the same in all. */
  readonly fills?: readonly number[]
}

export interface JointProgram {
  /** In topological order. */
  readonly nodes: readonly JointNode[]
  readonly inputs: Program['inputs']
  readonly updates: readonly Output[]
  readonly results: readonly Output[]
}

/** Undefined where the Programs differ in more than numbers that fill constants. */
export function joinPrograms(programs: readonly Program[]): JointProgram | undefined {
  const [one] = programs
  if (one === undefined) return undefined
  const found = new Map<string, Part>()
  /** @returns whether the nodes play the same part, and so do all that they are made of */
  const walk = (indices: readonly number[]): boolean => {
    const key = indices.join()
    if (found.has(key)) return true
    const part = partOf(programs, indices)
    if (part === undefined) return false
    found.set(key, part)
    return part.inputs.every(walk)
  }
  const outputs = [
    lists(programs, 'inputs'),
    lists(programs, 'updates'),
    lists(programs, 'results'),
  ]
  for (const list of outputs) {
    if (!list?.every(walk)) return undefined
  }
  // A node comes after what it is made of in each of the Programs.
  const parts = [...found.values()].sort(({ indices: a }, { indices: b }) => {
    const first = a.findIndex((index, program) => index !== b[program])
    return (a[first] ?? 0) - (b[first] ?? 0)
  })
  const positions = new Map(parts.map(({ indices }, position) => [indices.join(), position]))
  const at = (indices: readonly number[]): number => positions.get(indices.join()) ?? -1
  const moved = <Named extends { readonly node: number }>(kind: Kind, list: readonly Named[]) =>
    list.map((item, i) => ({
      ...item,
      node: at(programs.map((each) => each[kind][i]?.node ?? -1)),
    }))
  return {
    nodes: parts.map(({ node, fills, inputs }) => ({
      node: { ...node, inputs: inputs.map(at) },
      ...(fills && { fills }),
    })),
    inputs: moved('inputs', one.inputs),
    updates: moved('updates', one.updates),
    results: moved('results', one.results),
  }
}

type Kind = 'inputs' | 'updates' | 'results'

/** The nodes that the entries of a list name, entry by entry; undefined where the entries differ in more. */
function lists(programs: readonly Program[], kind: Kind): readonly number[][] | undefined {
  const [texts, ...others] = programs.map((program) =>
    JSON.stringify(program[kind].map((entry) => ({ ...entry, node: 0 }))),
  )
  if (others.some((other) => other !== texts)) return undefined
  return programs[0]?.[kind].map((_, i) => programs.map((each) => each[kind][i]?.node ?? -1))
}

interface Part {
  readonly indices: readonly number[]
  readonly node: Node
  readonly fills: readonly number[] | undefined
  /** Of each operand, the indices in the Programs. */
  readonly inputs: readonly (readonly number[])[]
}

function partOf(programs: readonly Program[], indices: readonly number[]): Part | undefined {
  const nodes = indices.map((index, program) => programs[program]?.node(index))
  const [node] = nodes
  if (node === undefined) return undefined
  const [text, ...others] = nodes.map(
    (each) => each && JSON.stringify({ ...each, inputs: each.inputs.length }),
  )
  const isSame = others.every((other) => other === text)
  const fills = isSame ? undefined : nodes.flatMap((each) => fillOf(each) ?? [])
  const isAlike = nodes.every(
    (each) => each?.dtype === node.dtype && each.shape.join() === node.shape.join(),
  )
  if (fills !== undefined && !(isAlike && fills.length === nodes.length)) return undefined
  const inputs = node.inputs.map((_, i) => nodes.map((each) => each?.inputs[i] ?? -1))
  return { indices, node, fills, inputs }
}

function fillOf(node: Node | undefined): number | undefined {
  const { values } = node?.attributes ?? {}
  return node?.op === 'constant' && typeof values === 'number' ? values : undefined
}
