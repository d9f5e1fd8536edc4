/**
 * The nodes of a Program: a union discriminated by `op`, in which each op has its own attributes.
 * op-table.ts says what the ops mean, attributes.ts checks attributes that come from outside.
 */
import type { DType, Shape } from './dtype.js'
import type { OpName } from './op-table.js'

/** The attributes of the ops that have any. */
export interface AttributesByOp {
  /** One number, which fills the shape, or one for each element. */
  readonly constant: { readonly values: number | readonly number[] }
  /** The purpose is a number of 32 bits. */
  readonly random: { readonly distribution: 'uniform' | 'normal'; readonly purpose: number }
  readonly cast: { readonly dtype: DType }
  readonly sum: { readonly axes: readonly number[]; readonly segments?: number }
  readonly reduceMax: { readonly axes: readonly number[] }
  readonly sort: { readonly descending?: boolean }
  readonly sortSpread: { readonly descending?: boolean }
  readonly transpose: { readonly permutation: readonly number[] }
  readonly slice: { readonly starts: readonly number[] }
  readonly pad: { readonly before: readonly number[] }
  readonly concat: { readonly axis: number }
  readonly oneHot: { readonly depth: number }
  readonly matmul: {
    readonly transposeA?: boolean
    readonly transposeB?: boolean
    readonly segments?: number
  }
  /** Of each: one number for each spatial axis. */
  readonly conv: {
    readonly strides: readonly number[]
    readonly dilations: readonly number[]
    /** How far the first window begins before the input. */
    readonly before: readonly number[]
    /** Default: 1. */
    readonly groups?: number
  }
  readonly convTranspose: AttributesByOp['conv']
  readonly convFilter: AttributesByOp['conv'] & { readonly segments?: number }
  readonly maxPool: {
    /** Taps along each axis. */
    readonly window: readonly number[]
    readonly strides: readonly number[]
    readonly before: readonly number[]
  }
  readonly maxPoolSpread: AttributesByOp['maxPool']
}

/** An op that has no attributes. */
export type PlainOp = Exclude<OpName, keyof AttributesByOp>

export type AttributesOf<Op extends OpName> = Op extends keyof AttributesByOp
  ? AttributesByOp[Op]
  : Readonly<Record<string, never>>

/** The node of one op. Given several ops, the union of theirs. */
export type NodeOf<Op extends OpName> = {
  readonly [Each in Op]: {
    readonly op: Each
    /** Indices of the nodes whose values this op reads. */
    readonly inputs: readonly number[]
    readonly attributes: AttributesOf<Each>
    readonly shape: Shape
    readonly dtype: DType
  }
}[Op]

export type Node = NodeOf<OpName>

/** The number that a constant fills its shape with, if the node is one. */
export function fillValue(node: Node): number | undefined {
  if (node.op !== 'constant') return undefined
  const { values } = node.attributes
  return typeof values === 'number' ? values : undefined
}

/**
 * The same op of other operands, with the type that follows from them. All nodes of a Program are made here, so that
 * JavaScript has one layout of objects for all of them.
 */
export function nodeLike(
  { op, attributes }: Node,
  inputs: readonly number[],
  { shape, dtype }: { readonly shape: Shape; readonly dtype: DType },
): Node {
  // The attributes are those of the op; TypeScript does not follow this through a union.
  return { op, inputs, attributes, shape, dtype } as Node
}

/** For each op, what to do with a node of it, or `None`. */
export type ByOp<Args extends readonly unknown[], Result, None extends null = never> = {
  readonly [Op in OpName]: ((node: NodeOf<Op>, ...args: Args) => Result) | None
}

/** Calls what a table has for the op of a node. */
export function dispatch<Args extends readonly unknown[], Result, None extends null = never>(
  table: ByOp<Args, Result, None>,
  node: Node,
  ...args: Args
): Result | None {
  // The entry of an op takes the nodes of that op; TypeScript does not follow this through a union.
  const entry = table[node.op] as ((node: Node, ...args: Args) => Result) | None
  return entry === null ? entry : entry(node, ...args)
}
