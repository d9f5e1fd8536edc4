/**
 * `run.json`: what was asked, written before anything trains.
 */
import type { Engine } from '@gradpool/core'
import type { ExperimentPlan } from '@gradpool/experiments'
import { readFileSync } from 'node:fs'

export const RUN_FORMAT = 'gradpool-run'
export const RUN_FORMAT_VERSION = 1

export interface RunRecord {
  readonly format: typeof RUN_FORMAT
  readonly formatVersion: typeof RUN_FORMAT_VERSION
  /** ISO 8601. */
  readonly started: string
  readonly versions: Readonly<Record<string, string>>
  readonly engine: {
    readonly name: string
    readonly description: string
    /** See `Engine.numerics`. */
    readonly numerics: string
  }
  readonly workers: number
  readonly experiments: readonly {
    readonly name: string
    readonly seed: number
    /** The configuration with presets and overrides applied; of a model of the user's, its parameters. */
    readonly config: unknown
    /** The hash is over the contents of its files. */
    readonly data: { readonly name: string; readonly hash: string }
    readonly stages: readonly {
      readonly name: string
      readonly hash: string
      readonly startsFrom?: string
    }[]
  }[]
  /** What the caller added. */
  readonly record: Readonly<Record<string, unknown>>
}

export interface RecordOptions {
  readonly plans: readonly ExperimentPlan[]
  readonly engine: Engine
  readonly workers: number
  readonly started: Date
  readonly record: Readonly<Record<string, unknown>>
}

export function runRecord({ plans, engine, workers, started, record }: RecordOptions): RunRecord {
  return {
    format: RUN_FORMAT,
    formatVersion: RUN_FORMAT_VERSION,
    started: started.toISOString(),
    versions: { gradpool: ownVersion(), node: process.versions.node },
    engine: {
      name: engine.name,
      description: engine.description,
      numerics: engine.numerics,
    },
    workers,
    experiments: plans.map(({ name, seed, config, data, stages }) => ({
      name,
      seed,
      config,
      data,
      stages: stages.map(({ name, hash, startsFrom }) => ({
        name,
        hash,
        ...(startsFrom !== undefined && { startsFrom }),
      })),
    })),
    record,
  }
}

/** Of Gradpool. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}
