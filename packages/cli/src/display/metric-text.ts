/**
 * Metrics as people read them. Experiments of the report are told in its words, `cost` and
 * `accuracy`; all others by the names that their models give.
 */
import { type StageRef } from '@gradpool/orchestrator'
import { type EpochRow, type Metrics } from '@gradpool/trainer'

/** Training and validation values of a metric, those that are finite numbers. */
export interface MetricText {
  readonly name: string
  /** `0.864/0.880`: of the training, and of the validation where there is one. */
  readonly values: string
}

/** Three digits after the dot, with what stands before; nothing for what is no finite number. */
export function shown(before: string, value: unknown): string[] {
  return typeof value === 'number' && Number.isFinite(value) ? [before + value.toFixed(3)] : []
}

/** Of an epoch; those of the validation after those of the training. */
export function rowTexts(row: EpochRow, validation: Metrics | undefined, inReportWords: boolean): MetricText[] {
  if (inReportWords) {
    const accuracy = [row.accuracy, validation?.accuracy].flatMap((each) => shown('', each))
    return [
      { name: 'cost', values: row.loss.toFixed(3) },
      ...(accuracy.length > 0 ? [{ name: 'accuracy', values: accuracy.join('/') }] : []),
      ...metricTexts(row, validation).filter(({ name }) => name !== 'loss' && name !== 'accuracy'),
    ]
  }
  return metricTexts(row, validation)
}

function metricTexts(row: EpochRow, validation: Metrics | undefined): MetricText[] {
  return numberNames(row).map((name) => {
    const values = [row[name], validation?.[name]].filter(isNumber)
    return { name, values: values.map(metricText).join('/') }
  })
}

/** Of the test. As in the report, what counts of an autoencoder of its own is the classifier on it. */
export function testOf(stage: StageRef, test: Metrics | null, inReportWords: boolean): MetricText[] {
  if (test === null || (inReportWords && stage.name === 'autoencode')) return []
  if (inReportWords) return shown('', test.accuracy).map((values) => ({ name: 'accuracy', values }))
  return numberNames(test).map((name) => {
    const value = test[name]
    return { name, values: isNumber(value) ? metricText(value) : '' }
  })
}

/** Those of one finite number, the loss first. */
export function numberNames(metrics: EpochRow | Metrics): string[] {
  return Object.keys(metrics).filter((name) => name !== 'epoch' && name !== 'seconds' && isNumber(metrics[name]))
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Three digits after the dot, or three that count where that is none. */
export function metricText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2)
  if (size !== 0 && size < 0.01) return value.toPrecision(3)
  return value.toFixed(3)
}
