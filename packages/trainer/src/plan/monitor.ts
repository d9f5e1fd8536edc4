/** The metric that tells which of two epochs is better. */
import { UserError, type BatchProgram } from '@gradpool/core'

export interface Monitor {
  /** `loss`, `accuracy`, `validation.loss`: where a row of an epoch has it. */
  readonly name: string
  /** Whether less is better, or more. */
  readonly mode: 'min' | 'max'
}

export interface MonitorOptions {
  /** Default: `validation.accuracy`, or `validation.loss` where the model has no accuracy. */
  readonly name?: string | undefined
  /** Default: that of the metric, where it has one. */
  readonly mode?: Monitor['mode'] | undefined
}

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
  const known = [...named(training, ''), ...(validation ? named(validation, 'validation.') : [])]
  const name = asked ?? (known.some(isAccuracy) ? 'validation.accuracy' : 'validation.loss')
  const metric = known.find((each) => each.name === name)
  if (metric === undefined) {
    const names = known.map((each) => each.name).join(', ')
    throw new UserError(`no epoch has a metric '${name}' to monitor; it has ${names}`)
  }
  const found = mode ?? metric.mode
  if (found === undefined) {
    throw new UserError(`whether less or more of '${name}' is better: say mode 'min' or 'max'`)
  }
  return { name, mode: found }
}

interface Known {
  readonly name: string
  readonly mode: Monitor['mode'] | undefined
}

function named({ metrics }: BatchProgram, prefix: string): Known[] {
  const others = metrics.filter(({ name }) => name !== 'loss')
  return [
    { name: `${prefix}loss`, mode: 'min' },
    ...others.map(({ name, direction }) => ({ name: prefix + name, mode: direction })),
  ]
}

function isAccuracy({ name, mode }: Known): boolean {
  return name === 'validation.accuracy' && mode !== undefined
}
