/** Metrics of events by name. */
import type { LogEvent, LoggedTable } from '@gradpool/trainer'

export type Split = 'train' | 'validation' | 'test'

export type MetricValue = number | readonly (readonly number[])[]

/** What an event tells of metrics, by split and name; the loss and the seconds of an epoch are of `train`. */
export function metricsIn(event: LogEvent): readonly { split: Split; name: string; value: MetricValue }[] {
  if (event.type === 'ended') return entries('test', event.test ?? {})
  if (event.type !== 'epoch') return []
  const { validation = {}, ...own } = event.row
  const trained = entries('train', own).filter(({ name }) => name !== 'epoch')
  return [...trained, ...entries('validation', validation)]
}

function entries(split: Split, metrics: object) {
  return Object.entries(metrics).flatMap(([name, value]: [string, unknown]) =>
    isMetric(value) ? [{ split, name, value }] : [],
  )
}

function isMetric(value: unknown): value is MetricValue {
  return typeof value === 'number' || Array.isArray(value)
}

/** A confusion matrix and the like. */
export function matrixTable(rows: readonly (readonly number[])[]): LoggedTable {
  const columns = ['', ...(rows[0] ?? []).map((_, at) => String(at))]
  return { columns, rows: rows.map((row, at) => [String(at), ...row]) }
}
