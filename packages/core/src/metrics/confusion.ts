/**
 * How well clusters agree with classes, from their confusion matrix: row: the class; column: the cluster; each cell the
 * number of examples. All are NaN where there are no examples.
 */

/** Row: the class; column: the cluster. */
export type Counts = readonly (readonly number[])[]

/**
 * The mutual information of classes and clusters over the mean of their two entropies; 1 where both are the same up to
 * names, or one class is one cluster, and 0 where they tell nothing of each other.
 *
 * Source: Strehl & Ghosh, "Cluster ensembles" (2002), with the arithmetic mean of Kvålseth (1987); as
 * sklearn.metrics.normalized_mutual_info_score.
 */
export function normalizedMutualInformation(counts: Counts): number {
  const [classes, clusters] = [rowSums(counts), columnSums(counts)]
  const all = sum(classes)
  if ([classes, clusters].every((sizes) => sizes.filter((size) => size > 0).length === 1)) return 1
  let information = 0
  counts.forEach((row, i) =>
    row.forEach((count, j) => {
      if (count > 0) information += (count / all) * Math.log((count * all) / (of(classes, i) * of(clusters, j)))
    }),
  )
  // Where they are independent, rounding may leave less than 0.
  return Math.max(0, information) / ((entropy(classes) + entropy(clusters)) / 2)
}

/**
 * The share of pairs of examples that classes and clusters agree on (together in both, or apart in both), scaled so
 * that chance gives 0 and agreement 1. It may be negative.
 *
 * Source: Hubert & Arabie, "Comparing partitions" (1985); as sklearn.metrics.adjusted_rand_score, which gives 1 where
 * no pair is told apart by only one of them.
 */
export function adjustedRandIndex(counts: Counts): number {
  const all = sum(rowSums(counts))
  if (all === 0) return NaN
  const squares = (values: readonly number[]) => values.reduce((total, value) => total + value * value, 0)
  // Ordered pairs of two examples.
  const both = squares(counts.flat()) - all
  const onlyClass = squares(rowSums(counts)) - all - both
  const onlyCluster = squares(columnSums(counts)) - all - both
  const neither = all * all - all - both - onlyClass - onlyCluster
  if (onlyClass === 0 && onlyCluster === 0) return 1
  const expected = (both + onlyClass) * (onlyClass + neither) + (both + onlyCluster) * (onlyCluster + neither)
  return (2 * (both * neither - onlyClass * onlyCluster)) / expected
}

/**
 * The share of examples whose cluster stands for their class, where each cluster stands for one class and each class is
 * stood for by one, chosen so that the share is largest.
 *
 * Source: Xie, Girshick & Farhadi, "Unsupervised deep embedding for clustering analysis" (2016), equation 10; the
 * assignment is Kuhn's, "The Hungarian method" (1955), as scipy.optimize.linear_sum_assignment.
 */
export function clusterAccuracy(counts: Counts): number {
  return mostHits(counts) / sum(rowSums(counts))
}

/**
 * The largest sum of cells of which no two share a row or a column, in O(n³): one row after the other takes a column,
 * along the cheapest path that frees one for it. A cell costs minus its count.
 */
function mostHits(counts: Counts): number {
  const n = Math.max(counts.length, ...counts.map((row) => row.length))
  const cost = (row: number, column: number) => -(counts[row]?.[column] ?? 0)
  // Potentials: cost - rowPrice - columnPrice is never negative, and 0 for what is assigned. Column n is the start of
  // every path: its price is minus the cost of all that is assigned.
  const [rowPrice, columnPrice] = [new Float64Array(n), new Float64Array(n + 1)]
  const rowOf = new Int32Array(n + 1).fill(-1)
  for (let first = 0; first < n; first++) {
    rowOf[n] = first
    const slack = new Float64Array(n).fill(Infinity)
    const before = new Int32Array(n)
    const done = new Uint8Array(n + 1)
    let column = n
    while (of(rowOf, column) >= 0) {
      done[column] = 1
      const row = of(rowOf, column)
      let [next, least] = [n, Infinity]
      for (let other = 0; other < n; other++) {
        if (done[other] === 1) continue
        const reduced = cost(row, other) - of(rowPrice, row) - of(columnPrice, other)
        if (reduced < of(slack, other)) {
          slack[other] = reduced
          before[other] = column
        }
        if (of(slack, other) < least) [next, least] = [other, of(slack, other)]
      }
      // Where counts are NaN, no column is the cheapest.
      if (next === n) return NaN
      for (let other = 0; other <= n; other++) {
        if (done[other] === 1) {
          const its = of(rowOf, other)
          rowPrice[its] = of(rowPrice, its) + least
          columnPrice[other] = of(columnPrice, other) - least
        } else slack[other] = of(slack, other) - least
      }
      column = next
    }
    while (column !== n) {
      const from = of(before, column)
      rowOf[column] = of(rowOf, from)
      column = from
    }
  }
  return of(columnPrice, n)
}

function entropy(sizes: readonly number[]): number {
  const all = sum(sizes)
  return -sizes.reduce((total, size) => total + (size > 0 ? (size / all) * Math.log(size / all) : 0), 0)
}

function rowSums(counts: Counts): number[] {
  return counts.map(sum)
}

function columnSums(counts: Counts): number[] {
  return counts.reduce<number[]>((sums, row) => row.map((count, column) => count + (sums[column] ?? 0)), [])
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function of(values: ArrayLike<number>, index: number): number {
  return values[index] ?? NaN
}
