/** Attention: rows that look up others. Source: Vaswani et al. (2017). */
import {
  add,
  checkpoint,
  concat,
  constant,
  layer,
  less,
  matmul,
  max,
  type Module,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  type Tensor,
  transpose,
  UserError,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'
import { type Dense, dense, type DenseOptions } from './dense.js'
import { dropout } from './dropout.js'
import { rotary } from './positions.js'

export interface AttentionOptions {
  /**
   * Which keys each query may see: 1 or true where it may, else 0; any shape that broadcasts to [batch, heads, queries,
   * keys]. A query that may see none gets zeros. Default: all.
   */
  readonly mask?: Tensor
  /** Whether query i sees keys 0 … i only. Default: false. */
  readonly causal?: boolean
  /** What the products of queries and keys are multiplied by. Default: 1 / √width. */
  readonly scale?: number
  /**
   * How many queries are worked on at a time. Each block's scores are gone before the next one's are made, so memory
   * is linear in the length, and causal blocks leave out the keys after them. Bits do not depend on it. Default: all.
   */
  readonly block?: number
  /** What becomes of the weights of keys before they are used, such as a bound `dropout`. Default: nothing. */
  readonly dropout?: Layer
}

/** What is added to the score of a key that may not be seen: its weight is 0. */
const UNSEEN = -1e30

/**
 * softmax(query · keyᵀ · scale) · value: for each query, the mean of values by how well their keys fit it.
 *
 * Groups of queries' heads may share a head of keys and values: 8 heads of queries and 2 of keys make groups of 4.
 *
 * @param query [batch, heads, queries, width]
 * @param key [batch, key heads, keys, width], whose heads divide those of the queries
 * @param value [batch, key heads, keys, value width]
 * @returns [batch, heads, queries, value width]
 * @throws UserError where shapes or options do not go together
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkShapes(query, key, value)
  const [batch = 1, heads = 1, numQueries = 1, width = 1] = query.shape
  const numKeys = key.shape[2] ?? 1
  const { mask, causal = false, scale = 1 / Math.sqrt(width), block = numQueries } = options
  checkWidth('attention: block', block)
  const scaled = mul(query, scale)
  // Blocks are gone before the next one, so gradients compute each again.
  const attendBlock = block < numQueries ? checkpoint(attend) : attend
  const starts = Array.from({ length: Math.ceil(numQueries / block) }, (_, i) => i * block)
  const parts = starts.map((start) => {
    const count = Math.min(block, numQueries - start)
    // Of all keys, causal queries see no more than these.
    const seen = causal ? Math.min(numKeys, start + count) : numKeys
    return attendBlock(
      slice(scaled, [0, 0, start, 0], [batch, heads, count, width]),
      slice(key, [0, 0, 0, 0], key.shape.with(2, seen)),
      slice(value, [0, 0, 0, 0], value.shape.with(2, seen)),
      { ...options, ...(mask && { mask: maskOf(mask, query, { start, count, seen }, numKeys) }), start },
    )
  })
  return concat(parts, 2)
}

/** Some queries, from number `start` on, and the first keys. */
function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { mask, causal = false, dropout, start }: AttentionOptions & { readonly start: number },
): Tensor {
  const [batch = 1, heads = 1, numQueries = 1, width = 1] = query.shape
  const [, keyHeads = 1, numKeys = 1] = key.shape
  // Heads of a group are further queries of one head of keys.
  const each = heads / keyHeads
  const grouped = reshape(query, [batch, keyHeads, each * numQueries, width])
  const scores = reshape(matmul(grouped, key, { transposeB: true }), [batch, heads, numQueries, numKeys])
  const future = causal ? less(numbers(numQueries, start, [numQueries, 1]), numbers(numKeys, 0, [numKeys])) : undefined
  const hidden = mask ? sub(1, future ? mul(mask, sub(1, future)) : mask) : future
  const weights = softmax(hidden ? add(scores, mul(hidden, UNSEEN)) : scores)
  const used = dropout ? dropout(weights) : weights
  const means = matmul(reshape(used, [batch, keyHeads, each * numQueries, numKeys]), value)
  const output = reshape(means, [batch, heads, numQueries, value.shape[3] ?? 1])
  return mask && hidden ? mul(output, max(sub(1, hidden), -1, { keepDims: true })) : output
}

/** Whole numbers from `first` on. */
function numbers(count: number, first: number, shape: readonly number[]): Tensor {
  return constant(
    Float32Array.from({ length: count }, (_, i) => first + i),
    shape,
  )
}

/** The part of a mask that is of some queries and the first keys. */
function maskOf(
  mask: Tensor,
  query: Tensor,
  { start, count, seen }: { readonly start: number; readonly count: number; readonly seen: number },
  numKeys: number,
): Tensor {
  const [batch = 1, heads = 1, numQueries = 1] = query.shape
  const whole = [batch, heads, numQueries, numKeys]
  const shape = [...[1, 1, 1, 1].slice(0, Math.max(0, 4 - mask.rank)), ...mask.shape]
  if (shape.length > 4 || !shape.every((extent, axis) => extent === 1 || extent === whole[axis])) {
    throw new UserError(
      `attention: a mask must broadcast to [batch, heads, queries, keys], [${whole.join(', ')}], not ${mask.toString()}`,
    )
  }
  const [, , rows = 1, columns = 1] = shape
  return slice(
    reshape(mask, shape),
    [0, 0, rows === 1 ? 0 : start, 0],
    [shape[0] ?? 1, shape[1] ?? 1, rows === 1 ? 1 : count, columns === 1 ? 1 : seen],
  )
}

function checkShapes(query: Tensor, key: Tensor, value: Tensor): void {
  const [batch, heads = 1, , width] = query.shape
  const [, keyHeads = 1, numKeys] = key.shape
  const fits =
    [query, key, value].every(({ rank, shape }) => rank === 4 && shape[0] === batch) &&
    key.shape[3] === width &&
    value.shape[1] === keyHeads &&
    value.shape[2] === numKeys &&
    heads % keyHeads === 0
  if (!fits) {
    throw new UserError(
      'attention: queries must be [batch, heads, queries, width], keys [batch, key heads, keys, width] and values ' +
        '[batch, key heads, keys, value width], and key heads divide heads, not ' +
        [query, key, value].map(String).join(', '),
    )
  }
}

export interface MultiHeadAttentionOptions {
  /** Heads of keys and values, which groups of heads share; they divide the heads. Default: as many as heads. */
  readonly keyHeads?: number
  /** Width of what keys and values are made of, where it is not x. Default: width. */
  readonly contextWidth?: number
  /** Width of a head. Default: width / heads. */
  readonly headWidth?: number
  /** Whether row i sees rows 0 … i only. Default: false. */
  readonly causal?: boolean
  /** Whether queries and keys are turned by their positions: see `rotary`. Default: false. */
  readonly rotary?: boolean
  /** The share of weights of keys that are zeroed in training. Default: 0. */
  readonly dropout?: number
  /** How many queries are worked on at a time: see `attention`. Default: all. */
  readonly block?: number
  /** Of the four dense layers. */
  readonly weight?: DenseOptions['weight']
  /** Of the four dense layers. Default: zeros; `false` for layers without bias. */
  readonly bias?: DenseOptions['bias']
}

/** What a call of bound attention takes besides x. */
export interface AttentionCall {
  /** What keys and values are made of, [batch, keys, context width]. Default: x. */
  readonly context?: Tensor
  /** Which keys each query may see: see `attention`. */
  readonly mask?: Tensor
}

/** Bound attention: a function, with its four dense layers. */
export interface MultiHeadAttention {
  (x: Tensor, call?: AttentionCall): Tensor
  readonly query: Layer & Pick<Dense, 'weight'>
  readonly key: Layer & Pick<Dense, 'weight'>
  readonly value: Layer & Pick<Dense, 'weight'>
  readonly output: Layer & Pick<Dense, 'weight'>
}

/**
 * Attention of several heads: [batch, time, width] to [batch, time, width]. Each row makes queries, and each row of x,
 * or of another `context`, keys and values, by dense layers; what the heads find is put side by side, and a dense layer
 * brings it back to `width`.
 *
 * Parameters: `query.weight` [width, heads · headWidth], `key.weight` and `value.weight` [contextWidth, keyHeads ·
 * headWidth], `output.weight` [heads · headWidth, width], and a `bias` of each.
 *
 * @throws UserError for options that do not go together
 */
export function multiHeadAttention(
  width: number,
  heads: number,
  options: MultiHeadAttentionOptions = {},
): Module<MultiHeadAttention> {
  const { keyHeads = heads, contextWidth = width, headWidth = width / heads, causal = false, block } = options
  checkWidth('multiHeadAttention: width', width)
  checkWidth('multiHeadAttention: heads', heads)
  checkWidth('multiHeadAttention: keyHeads', keyHeads)
  checkWidth('multiHeadAttention: contextWidth', contextWidth)
  if (options.headWidth === undefined && !Number.isInteger(headWidth)) {
    throw new UserError(`multiHeadAttention: a width of ${width} does not divide into ${heads} heads`)
  }
  checkWidth('multiHeadAttention: headWidth', headWidth)
  if (heads % keyHeads !== 0) {
    throw new UserError(`multiHeadAttention: ${heads} heads do not divide into ${keyHeads} heads of keys`)
  }
  const { weight, bias } = options
  const layerOf = (from: number, to: number) =>
    dense(from, to, { ...(weight !== undefined && { weight }), ...(bias !== undefined && { bias }) })
  const params = {
    query: layerOf(width, heads * headWidth),
    key: layerOf(contextWidth, keyHeads * headWidth),
    value: layerOf(contextWidth, keyHeads * headWidth),
    output: layerOf(heads * headWidth, width),
    dropout: dropout(options.dropout ?? 0),
  }
  return layer(params, (own) => (x: Tensor, { context = x, mask }: AttentionCall = {}) => {
    checkSequence('x', x, width)
    checkSequence('context', context, contextWidth)
    const turned = (rows: Tensor) => (options.rotary === true ? rotary(rows) : rows)
    // Scaled where the product's own kernel does it.
    const query = turned(headsOf(mul(own.query(x), 1 / Math.sqrt(headWidth)), heads))
    const found = attention(query, turned(headsOf(own.key(context), keyHeads)), headsOf(own.value(context), keyHeads), {
      scale: 1,
      causal,
      ...(mask && { mask }),
      ...(block !== undefined && { block }),
      dropout: own.dropout,
    })
    const [batch = 1, , time = 1] = found.shape
    return own.output(reshape(transpose(found, [0, 2, 1, 3]), [batch, time, heads * headWidth]))
  })
}

/** [batch, time, heads · width] as [batch, heads, time, width]. */
function headsOf(x: Tensor, heads: number): Tensor {
  const [batch = 1, time = 1, width = 1] = x.shape
  return transpose(reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3])
}

function checkSequence(name: string, x: Tensor, width: number): void {
  if (x.rank !== 3 || x.shape[2] !== width) {
    throw new UserError(`multiHeadAttention: ${name} must be [batch, time, ${width}], not ${x.toString()}`)
  }
}
