/** What tells which epoch of a stage is best, and when there were enough of them. */
import { UserError, type BatchProgram } from '@gradpool/core'
import { monitorFor, type EarlyStopping, type Monitor } from '@gradpool/trainer/plan'
import { isDeepStrictEqual } from 'node:util'
import type { TrainConfig } from './schema.js'
import type { StageDeterminants } from './stage-hash.js'

export interface StageMonitors {
  readonly monitor: Monitor | undefined
  readonly earlyStopping: EarlyStopping | undefined
  /** The same for the hash, which names only monitors that are not the default. */
  readonly hashed: Pick<StageDeterminants, 'monitor' | 'earlyStopping' | 'keep'>
}

/** @throws UserError where no metric is as named, or there are no validation examples to go by */
export function stageMonitors(
  { monitor: name, mode, earlyStopping: stopping, keep }: TrainConfig,
  training: BatchProgram,
  validation: BatchProgram | undefined,
): StageMonitors {
  const monitor = monitorFor({ name, mode }, training, validation)
  const stopsBy =
    stopping?.monitor === undefined
      ? monitor
      : monitorFor({ ...stopping, name: stopping.monitor }, training, validation)
  if ((stopping && stopsBy === undefined) || (keep === 'best' && monitor === undefined)) {
    const option = stopping === undefined ? "keep: 'best'" : 'earlyStopping'
    throw new UserError(`${option} goes by validation examples, of which the data has none`)
  }
  const usual = monitorFor({}, training, validation)
  const unusual = (each: Monitor | undefined) => (isDeepStrictEqual(each, usual) ? undefined : each)
  const limits = stopping && { patience: stopping.patience, minDelta: stopping.minDelta }
  return {
    monitor,
    earlyStopping: limits && stopsBy && { ...limits, monitor: stopsBy },
    hashed: {
      monitor: unusual(monitor),
      earlyStopping: limits && { ...limits, monitor: unusual(stopsBy) },
      keep: keep === 'best' ? keep : undefined,
    },
  }
}
