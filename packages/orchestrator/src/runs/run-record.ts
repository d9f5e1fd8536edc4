/**
 * `run.json`: what was asked, written before anything trains.
 */
import { availableCores, type Engine } from '@gradpool/core/engine'
import type { ExperimentPlan } from '@gradpool/experiments'
import { ownVersion, trainingCost, type TrainingCost } from '@gradpool/trainer'
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { RUN_FORMAT, RUN_FORMAT_VERSION } from './run-format.js'

/** What a run tells of the engine that trains it. */
export type EngineTold = Pick<Engine, 'name' | 'description' | 'numerics'>

export interface RunRecord {
  readonly format: typeof RUN_FORMAT
  readonly formatVersion: typeof RUN_FORMAT_VERSION
  /** ISO 8601. */
  readonly started: string
  readonly versions: Readonly<Record<string, string>>
  readonly machine: {
    readonly platform: string
    readonly arch: string
    readonly cpu: string
    readonly cores: number
  }
  /** The commit of the folder that it was begun in, with `-dirty` after changes; null outside of a repository. */
  readonly commit: string | null
  readonly engine: EngineTold
  /** Threads of the process that trained; null where others trained for it, as those of a queue. */
  readonly workers: number | null
  readonly experiments: readonly {
    readonly name: string
    readonly seed: number
    /** The configuration with presets and overrides applied; of a model of the user's, its parameters. */
    readonly config: unknown
    /** The hash is over the contents. */
    readonly data: { readonly name: string; readonly hash: string }
    readonly stages: readonly {
      readonly name: string
      readonly hash: string
      readonly initFrom?: string
    }[]
  }[]
  /** What each stage costs, by its hash, from which the time left is foreseen; earlier records have none. */
  readonly costs?: Readonly<Record<string, TrainingCost>>
  /** What the caller added. */
  readonly record: Readonly<Record<string, unknown>>
}

export interface RecordOptions {
  readonly plans: readonly ExperimentPlan[]
  readonly engine: EngineTold
  readonly workers: number | null
  readonly started: Date
  readonly record: Readonly<Record<string, unknown>>
}

export function runRecord({ plans, engine, workers, started, record }: RecordOptions): RunRecord {
  return {
    format: RUN_FORMAT,
    formatVersion: RUN_FORMAT_VERSION,
    started: started.toISOString(),
    versions: { gradpool: ownVersion(), node: process.versions.node },
    machine: {
      platform: process.platform,
      arch: process.arch,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableCores(),
    },
    commit: commitOf(process.cwd()),
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
      stages: stages.map(({ name, hash, initFrom }) => ({
        name,
        hash,
        ...(initFrom !== undefined && { initFrom }),
      })),
    })),
    costs: Object.fromEntries(
      plans.flatMap(({ stages }) => stages.map((stage) => [stage.hash, trainingCost(stage, workers ?? 1)] as const)),
    ),
    record,
  }
}

function commitOf(cwd: string): string | null {
  const args = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*']
  try {
    const output = execFileSync('git', args, {
      cwd,
      encoding: 'utf8',
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.trim()
  } catch {
    return null
  }
}
