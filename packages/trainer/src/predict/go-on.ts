/** How a series goes on, told by a model of windows of it. */
import { UserError, type Shape, type Values } from '@gradpool/core'
import type { RowValues } from './rows-in.js'

/** Numbers in the order of time, or several such columns by name, in the order that the windows had. */
export type SeriesValues = ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>

/** What predicts from windows. */
export interface WindowPrediction {
  readonly fields: readonly { readonly name: string; readonly shape: Shape }[]
  readonly outputs: readonly { readonly name: string; readonly shape: Shape }[]
  predict(inputs: { readonly x: RowValues }): Promise<Readonly<Record<string, Values>>>
}

/**
 * The steps after a series. Where they are more than the model tells at once, and the series is one column, it goes on
 * from its own predictions.
 *
 * @throws UserError for a model of no windows, a series that is shorter than one, or more steps than can be told
 */
export async function goOn(model: WindowPrediction, series: SeriesValues, steps: number): Promise<Float32Array> {
  const [length, columns = 1] = model.fields.find(({ name }) => name === 'x')?.shape ?? []
  const [horizon, ...more] = model.outputs.find(({ name }) => name === 'estimate')?.shape ?? []
  if (model.fields.length !== 1 || length === undefined || horizon === undefined || more.length > 0) {
    throw new UserError('forecast needs a model that tells the next steps from windows: x of [length, columns]')
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UserError(`forecast: steps must be a whole number of at least 1, not ${String(steps)}`)
  }
  const given = isNumbers(series) ? [series] : Object.values(series)
  if (given.length !== columns) {
    throw new UserError(`forecast: the model was trained on ${columns} columns, and the series has ${given.length}`)
  }
  const short = given.find((column) => column.length < length)
  if (short) throw new UserError(`forecast needs the last ${length} steps of the series, which has ${short.length}`)
  if (columns > 1 && steps > horizon) {
    throw new UserError(`forecast: the other columns are not known beyond ${horizon} steps, so no more can be told`)
  }
  const lasts = given.map((column) => Array.from({ length }, (_, i) => column[column.length - length + i] ?? NaN))
  const [last = []] = lasts
  const told: number[] = []
  while (told.length < steps) {
    const seen = columns > 1 ? interleaved(lasts) : [...last, ...told].slice(-length)
    const { estimate = [] } = await model.predict({ x: seen })
    told.push(...estimate)
  }
  return Float32Array.from(told.slice(0, steps))
}

function isNumbers(series: SeriesValues): series is ArrayLike<number> {
  return Array.isArray(series) || ArrayBuffer.isView(series)
}

function interleaved(columns: readonly (readonly number[])[]): number[] {
  return (columns[0] ?? []).flatMap((_, row) => columns.map((column) => column[row] ?? NaN))
}
