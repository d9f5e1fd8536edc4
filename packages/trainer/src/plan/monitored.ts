/** What early stopping and `keep: 'best'` go by: the loss or a metric, over the training or the validation examples. */
import { UserError, type Direction } from '@gradpool/core'
import { type BatchProgram } from '@gradpool/core/engine'
import { nearest } from '../nearest-name.js'
import type { Monitor, TrainingPlan } from './training-plan.js'

interface Asked {
  readonly monitor?: string | undefined
  readonly mode?: Direction | undefined
}

export interface MonitorOptions extends Asked {
  readonly earlyStopping?: Asked & { readonly patience: number; readonly minDelta?: number }
  readonly keep?: 'last' | 'best'
}

/** What a training measures. */
export interface Measured {
  readonly metrics: BatchProgram['metrics']
  readonly hasValidation: boolean
}

/**
 * @throws UserError for an unknown monitor, one that is no single number, or one of which nobody says whether less or
 *   more is better
 */
export function monitored(
  options: MonitorOptions,
  measured: Measured,
): Pick<TrainingPlan, 'earlyStopping' | 'keep' | 'monitor'> {
  const { earlyStopping, keep = 'last', monitor, mode } = options
  const keeping = either({ monitor, mode }, earlyStopping)
  const stopping = either(earlyStopping, { monitor, mode })
  const isMonitored = keeping.monitor !== undefined || keep === 'best' || measured.hasValidation
  const stopped = earlyStopping && monitorOf('earlyStopping', stopping, measured)
  const option = keep === 'best' ? "keep: 'best'" : 'monitor'
  return {
    keep,
    ...(isMonitored && { monitor: monitorOf(option, keeping, measured) }),
    ...(earlyStopping &&
      stopped && {
        earlyStopping: {
          monitor: stopped,
          patience: earlyStopping.patience,
          minDelta: earlyStopping.minDelta ?? 0,
        },
      }),
  }
}

/** What is asked first, and where it leaves something open, what is asked second. */
function either(first: Asked | undefined, second: Asked | undefined): Asked {
  const monitor = first?.monitor ?? second?.monitor
  const isOfSecond = monitor === second?.monitor
  return { monitor, mode: first?.mode ?? (isOfSecond ? second?.mode : undefined) }
}

const PREFIX = 'validation.'

function monitorOf(option: string, asked: Asked, { metrics, hasValidation }: Measured): Monitor {
  const { monitor = `${PREFIX}loss`, mode } = asked
  const name = monitor.startsWith(PREFIX) ? monitor.slice(PREFIX.length) : monitor
  if (name !== monitor && !hasValidation) {
    const instead = asked.monitor === undefined ? "; give `validation`, or monitor: 'loss'" : ''
    throw new UserError(`${option} goes by '${monitor}', but there are no validation examples${instead}`)
  }
  const metric = metrics.find((each) => each.name === name)
  if (metric === undefined) {
    const known = metrics.map((each) => each.name)
    const near = nearest(name, known)
    const hint = near === undefined ? `it has ${known.join(', ')}` : `it has '${near}'`
    throw new UserError(`${option} goes by '${monitor}', but the model has no metric '${name}'; ${hint}`)
  }
  const direction = mode ?? metric.direction
  if (direction !== undefined) return { name: monitor, mode: direction }
  throw new UserError(
    `${option} goes by '${monitor}', which does not say whether less or more of it is better; give mode: 'min' or 'max'`,
  )
}
