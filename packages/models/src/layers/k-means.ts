/** Clusters of vectors, learnt without a gradient. Source: Lloyd (1982); seeds: Arthur & Vassilvitskii (2007). */
import {
  add,
  argMax,
  assign,
  buffer,
  div,
  flush,
  gather,
  greaterEqual,
  layer,
  log,
  matmul,
  max,
  maximum,
  mean,
  type Module,
  mul,
  neg,
  oneHot,
  randomUniform,
  reshape,
  select,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
  UserError,
  zeros,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'

export interface KMeansOptions {
  /** How many sets of centres learn side by side, from seeds of their own; the best of them counts. Default: 1. */
  readonly restarts?: number
  /**
   * What share of its weight a row keeps from one step to the next, at least 0 and below 1. With 0, centres are the
   * means of the last batch, as Lloyd has it of a batch that is all rows. Default: 0.99.
   */
  readonly memory?: number
}

/** Bound k-means: squared distances to its centres. */
export type KMeans = Layer & { readonly centers: Tensor }

/** A cluster whose rows weigh less has none, and takes a seed. */
const LEAST = 0.5
/** Where there is no centre yet. */
const FAR = 3e38

/**
 * The squared distance of each row to each centre, [batch, features] to [batch, clusters]. Each training step moves
 * each centre c to the mean of the rows nearest to it, those of earlier steps with the weight that `memory` leaves
 * them:
 *
 *     n' = memory * n + (number of its rows)        c' = (memory * n * c + (sum of its rows)) / n'
 *
 * A cluster without rows takes one of the batch, drawn with a probability that is proportional to the squared distance
 * from the nearest centre; one in each step. So the first steps, as many as clusters, seed all by k-means++.
 *
 * Buffers: `centers` [clusters, features], those of the restart with the least distance, which the distances are to;
 * `runs` [restarts, clusters, features], the weights `counts` [restarts, clusters], and `errors` [restarts], the mean
 * of the least distances. No gradient passes to the rows through the buffers, and none changes them.
 *
 * @throws UserError for numbers that are out of range
 */
export function kMeans(clusters: number, features: number, options: KMeansOptions = {}): Module<KMeans> {
  const { restarts = 1, memory = 0.99 } = options
  for (const [name, value] of Object.entries({ clusters, features, restarts })) checkWidth(`kMeans: ${name}`, value)
  if (!(memory >= 0 && memory < 1)) {
    throw new UserError(`kMeans: memory must be at least 0 and below 1, not ${String(memory)}`)
  }
  const params = {
    centers: buffer([clusters, features], zeros),
    runs: buffer([restarts, clusters, features], zeros),
    counts: buffer([restarts, clusters], zeros),
    errors: buffer([restarts], zeros),
  }
  return layer(params, (own, { training }) => (x: Tensor) => {
    if (training) learn(own, stopGradient(x), memory)
    return squaredDistances(x, own.centers)
  })
}

/** ‖x‖² - 2 x·c + ‖c‖², no less than 0; [batch, features] and [centers, features] to [batch, centers]. */
export function squaredDistances(x: Tensor, centers: Tensor): Tensor {
  const products = matmul(x, centers, { transposeB: true })
  const ofRows = sum(square(x), 1, { keepDims: true })
  return maximum(add(sub(ofRows, mul(2, products)), sum(square(centers), 1)), 0)
}

type Buffers = Readonly<Record<'centers' | 'runs' | 'counts' | 'errors', Tensor>>

function learn({ centers, runs, counts, errors }: Buffers, x: Tensor, memory: number): void {
  const [restarts = 1, clusters = 1, features = 1] = runs.shape
  const [rows = 1] = x.shape
  const flat = [restarts * clusters, features]
  const hasRows = greaterEqual(counts, LEAST)
  const distances = reshape(squaredDistances(x, reshape(runs, flat)), [rows, restarts, clusters])
  const nearness = neg(select(hasRows, distances, FAR))
  const least = neg(max(nearness, -1)) // [rows, restarts]

  const members = mul(oneHot(argMax(nearness), clusters), hasRows)
  const sums = matmul(reshape(members, [rows, restarts * clusters]), x, { transposeA: true })
  const kept = mul(memory, counts)
  const total = flush(add(kept, sum(members, 0)))
  const column = [restarts, clusters, 1]
  const weighted = add(mul(reshape(kept, column), runs), reshape(sums, [restarts, clusters, features]))
  const means = div(weighted, maximum(reshape(total, column), 1e-30))

  // The first of those without rows, if there is one, takes a row of the batch.
  const lacks = sub(1, hasRows)
  const seeded = mul(oneHot(argMax(lacks), clusters), lacks)
  const isBegun = max(hasRows, -1)
  const seed = reshape(gather(x, drawn(select(isBegun, least, 1))), [restarts, 1, features])
  const nextRuns = select(reshape(seeded, column), seed, means)
  const nextCounts = select(seeded, 1, total)
  const error = mul(isBegun, mean(least, 0))
  const nextErrors = add(mul(memory, errors), mul(1 - memory, error))
  assign(runs, nextRuns)
  assign(counts, nextCounts)
  assign(errors, nextErrors)

  const best = reshape(argMax(neg(nextErrors)), [1])
  const chosen = reshape(gather(nextRuns, best), [clusters, features])
  const isThere = reshape(greaterEqual(gather(nextCounts, best), LEAST), [clusters, 1])
  // One that is not there yet stands where the first is, so that no row is nearer to it.
  assign(centers, select(isThere, chosen, slice(chosen, [0, 0], [1, features])))
}

/**
 * The number of a row for each column, drawn with a probability proportional to its weight: the largest u^(1 / weight)
 * of uniform u (Efraimidis & Spirakis 2006); [rows, columns] to i32 [columns].
 */
function drawn(weights: Tensor): Tensor {
  const keys = div(log(randomUniform(weights.shape, 'k-means')), weights)
  return argMax(transpose(keys, [1, 0]))
}
