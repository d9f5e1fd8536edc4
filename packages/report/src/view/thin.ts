/**
 * Fewer rows that draw the same curves: Largest-Triangle-Three-Buckets (Steinarsson 2013). Of each stretch of epochs it
 * keeps the one point that makes the largest triangle with the point kept before and the mean of the stretch after, so
 * that peaks stay. Stretches are equally long in epochs, not in rows: rows that were thinned before may be thinned
 * again as a run goes on, and its beginning stays as dense as its end.
 */
import type { EpochRow } from '@gradpool/trainer'

/**
 * So many rows at most, the first and the last among them: those that are chosen for any of the metrics.
 *
 * @param most 3 at least
 */
export function thinned(rows: readonly EpochRow[], most: number): readonly EpochRow[] {
  if (rows.length <= most) return rows
  // Each metric has three rows at least: with very many, only the first have.
  const curves = curvesIn(rows).slice(0, Math.floor(most / 3))
  const each = Math.floor(most / Math.max(1, curves.length))
  const kept = new Set([0, rows.length - 1])
  for (const valueOf of curves) {
    const points = rows.flatMap((row, at) => {
      const y = valueOf(row)
      return typeof y === 'number' && Number.isFinite(y) ? [{ at, x: row.epoch, y }] : []
    })
    // The first and the last row are there already, which a curve that does not reach them does not have.
    for (const at of chosen(points, Math.max(3, each) - 2)) kept.add(at)
  }
  return rows.filter((_, at) => kept.has(at))
}

interface Point {
  readonly at: number
  readonly x: number
  readonly y: number
}

type ValueOf = (row: EpochRow) => unknown

/** Of training and validation. */
function curvesIn(rows: readonly EpochRow[]): ValueOf[] {
  const names = { train: new Set<string>(), validation: new Set<string>() }
  for (const { validation, ...row } of rows) {
    for (const [name, value] of Object.entries(row)) if (typeof value === 'number') names.train.add(name)
    for (const [name, value] of Object.entries(validation ?? {})) {
      if (typeof value === 'number') names.validation.add(name)
    }
  }
  for (const name of ['epoch', 'seconds']) names.train.delete(name)
  return [
    ...[...names.train].map(
      (name): ValueOf =>
        (row) =>
          row[name],
    ),
    ...[...names.validation].map(
      (name): ValueOf =>
        (row) =>
          row.validation?.[name],
    ),
  ]
}

/** Of each of so many stretches between the first and the last point, one; at most. */
function chosen(points: readonly Point[], stretches: number): number[] {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return []
  const inner = points.slice(1, -1)
  const width = (last.x - first.x) / stretches
  const buckets: Point[][] = []
  let of = -1
  for (const point of inner) {
    const stretch = Math.min(stretches - 1, Math.floor((point.x - first.x) / width))
    if (stretch !== of || buckets.length === 0) buckets.push([])
    of = stretch
    buckets.at(-1)?.push(point)
  }
  let before = first
  return buckets.map((bucket, index) => {
    const after = middleOf(buckets[index + 1] ?? [last])
    const area = ({ x, y }: Point) =>
      Math.abs((before.x - after.x) * (y - before.y) - (before.x - x) * (after.y - before.y))
    const best = bucket.reduce((most, point) => (area(point) > area(most) ? point : most))
    before = best
    return best.at
  })
}

function middleOf(points: readonly Point[]): { readonly x: number; readonly y: number } {
  const sum = (of: (point: Point) => number) => points.reduce((total, point) => total + of(point), 0)
  return { x: sum(({ x }) => x) / points.length, y: sum(({ y }) => y) / points.length }
}
