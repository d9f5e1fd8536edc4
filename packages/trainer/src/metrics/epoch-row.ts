/**
 * What is known of an epoch: `{ epoch, seconds, loss, accuracy, validation: { loss, accuracy } }`, every metric under
 * the name that the model gives it. A value that is not finite is NaN or an infinity here, and null in JSON.
 */
import type { MetricValue } from '@gradpool/core'
import { hasFields } from '@gradpool/storage'

/** Of one pass over examples, by name. */
export interface Metrics {
  readonly [name: string]: MetricValue
  readonly loss: number
}

export interface EpochRow {
  readonly [metric: string]: MetricValue | Metrics | undefined
  /** From 1. */
  readonly epoch: number
  /** Wall time of this epoch. */
  readonly seconds: number
  /** Mean training loss over the examples of this epoch. */
  readonly loss: number
  /** Over the validation examples after this epoch. */
  readonly validation?: Metrics
}

const VALIDATION = 'validation.'

/** `accuracy` of a row, or `validation.accuracy`; undefined where it has none. */
export function valueAt(row: EpochRow, name: string): MetricValue | undefined {
  if (name.startsWith(VALIDATION)) return row.validation?.[name.slice(VALIDATION.length)]
  const value = row[name]
  return typeof value === 'number' || isMatrix(value) ? value : undefined
}

/** The same, where it is one number. */
export function metricAt(row: EpochRow, name: string): number | undefined {
  const value = valueAt(row, name)
  return typeof value === 'number' ? value : undefined
}

/** Names by which `valueAt` finds all values of a row but the epoch. */
export function namesIn({ validation, ...own }: EpochRow): string[] {
  const names = Object.keys(own).filter((name) => name !== 'epoch')
  return [...names, ...Object.keys(validation ?? {}).map((name) => VALIDATION + name)]
}

/** The row that has these values, by the names of `namesIn`. */
export function rowOf(epoch: number, values: ReadonlyMap<string, MetricValue>): EpochRow {
  const own: Record<string, MetricValue> = {}
  const validation: Record<string, MetricValue> = {}
  for (const [name, value] of values) {
    if (name.startsWith(VALIDATION)) validation[name.slice(VALIDATION.length)] = value
    else own[name] = value
  }
  return {
    epoch,
    seconds: NaN,
    loss: NaN,
    ...own,
    ...('loss' in validation && { validation: { loss: NaN, ...validation } }),
  }
}

export function numbersOf(value: MetricValue): readonly number[] {
  return isMatrix(value) ? value.flat() : [value]
}

export function isMatrix(value: unknown): value is readonly (readonly number[])[] {
  return Array.isArray(value)
}

/** Whether what was read is the row of this epoch. */
export function isEpochRow(value: unknown, epoch: number): value is EpochRow {
  if (!hasFields(value, { epoch: (its) => its === epoch, seconds: isNumber })) return false
  const { validation, ...metrics } = value
  return isMetrics(metrics) && (validation === undefined || isMetrics(validation))
}

/** Numbers, not finite ones too, and matrices by name, with the loss among them. */
export function isMetrics(value: unknown): value is Metrics {
  return hasFields(value, { loss: isNumber }) && Object.values(value).every((one) => isNumber(one) || isNumbers(one))
}

function isNumbers(value: unknown): boolean {
  return isMatrix(value) && value.every((row: unknown) => Array.isArray(row) && row.every(isNumber))
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}
