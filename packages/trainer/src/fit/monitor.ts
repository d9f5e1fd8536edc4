/** What early stopping and `keep: 'best'` go by: the loss or a metric, over the training or the validation examples. */
import { UserError, type BatchProgram, type Direction } from '@gradpool/core'
import { nearest } from './check-options.js'

export interface Monitor {
  /** `loss`, the name of a metric, or one of these after `validation.` */
  readonly monitor: string
  readonly mode: Direction
}

interface Asked {
  readonly monitor?: string
  readonly mode?: Direction
}

export interface MonitorOptions extends Asked {
  readonly earlyStopping?: Asked & { readonly patience: number; readonly minDelta?: number }
  readonly keep?: 'last' | 'best'
}

export interface Monitored {
  readonly earlyStopping?: Monitor & { readonly patience: number; readonly minDelta: number }
  readonly keep: 'last' | 'best'
  /** Which epoch is the best; undefined where nothing tells. */
  readonly monitor?: Monitor
}

/** What a training measures. */
export interface Measured {
  readonly metrics: BatchProgram['metrics']
  readonly hasValidation: boolean
}

/**
 * @throws UserError for a monitor that there is not, that is no single number, or of which nobody says whether less or more
 *   is better
 */
export function monitored(options: MonitorOptions, measured: Measured): Monitored {
  const { earlyStopping, keep = 'last', ...own } = options
  // Each asks the other where it does not say itself.
  const stopping =
    earlyStopping?.monitor === undefined ? { ...earlyStopping, ...own } : earlyStopping
  const keeping = own.monitor === undefined ? { ...own, ...earlyStopping } : own
  const isMonitored = keeping.monitor !== undefined || keep === 'best' || measured.hasValidation
  const option = keep === 'best' ? "keep: 'best'" : 'monitor'
  return {
    keep,
    ...(isMonitored && { monitor: monitorOf(option, keeping, measured) }),
    ...(earlyStopping && {
      earlyStopping: {
        ...monitorOf('earlyStopping', stopping, measured),
        patience: earlyStopping.patience,
        minDelta: earlyStopping.minDelta ?? 0,
      },
    }),
  }
}

const PREFIX = 'validation.'

function monitorOf(option: string, asked: Asked, { metrics, hasValidation }: Measured): Monitor {
  const { monitor = `${PREFIX}loss`, mode } = asked
  const name = monitor.startsWith(PREFIX) ? monitor.slice(PREFIX.length) : monitor
  if (name !== monitor && !hasValidation) {
    const instead = asked.monitor === undefined ? "; give `validation`, or monitor: 'loss'" : ''
    throw new UserError(
      `${option} goes by '${monitor}', but there are no validation examples${instead}`,
    )
  }
  if (name === 'loss') return { monitor, mode: mode ?? 'min' }
  const metric = metrics.find((each) => each.name === name)
  if (metric === undefined) {
    const known = ['loss', ...metrics.map((each) => each.name)]
    const near = nearest(name, known)
    const hint = near === undefined ? `it has ${known.join(', ')}` : `it has '${near}'`
    throw new UserError(
      `${option} goes by '${monitor}', but the model has no metric '${name}'; ${hint}`,
    )
  }
  const direction = mode ?? metric.direction
  if (direction !== undefined) return { monitor, mode: direction }
  throw new UserError(
    `${option} goes by '${monitor}', which does not say whether less or more of it is better; give mode: 'min' or 'max'`,
  )
}
