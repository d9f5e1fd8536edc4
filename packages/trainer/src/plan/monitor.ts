/** The metric that tells which of two epochs is better. */
import { UserError, type BatchProgram } from '@gradpool/core'
import { scalarMetrics } from '../metrics/metrics-of.js'

export interface Monitor {
  /** `loss`, `accuracy`, `validation.loss`: where a row of an epoch has it. */
  readonly name: string
  /** Whether less is better, or more. */
  readonly mode: 'min' | 'max'
}

export interface MonitorOptions {
  /** Default: `validation.accuracy`, or `validation.loss` where the model has no accuracy. */
  readonly name?: string | undefined
  /** Default: `min` for a loss, `max` for an accuracy; a metric of another name has none. */
  readonly mode?: Monitor['mode'] | undefined
}

const MODES: Readonly<Record<string, Monitor['mode']>> = { loss: 'min', accuracy: 'max' }

/**
 * Undefined where no metric is named and there is no validation.
 *
 * @throws UserError where no row has such a metric, or nothing says whether less or more of it is better
 */
export function monitorFor(
  { name: asked, mode }: MonitorOptions,
  training: BatchProgram,
  validation: BatchProgram | undefined,
): Monitor | undefined {
  if (asked === undefined && validation === undefined) return undefined
  const own = scalarMetrics(training)
  const later = validation ? scalarMetrics(validation) : []
  const name = asked ?? `validation.${later.includes('accuracy') ? 'accuracy' : 'loss'}`
  const known = [...own, ...later.map((metric) => `validation.${metric}`)]
  if (!known.includes(name)) {
    throw new UserError(`no epoch has a metric '${name}' to monitor; it has ${known.join(', ')}`)
  }
  const found = mode ?? MODES[name.replace(/^validation\./, '')]
  if (found === undefined) {
    throw new UserError(`whether less or more of '${name}' is better: say mode 'min' or 'max'`)
  }
  return { name, mode: found }
}
