/**
 * Curves of metrics: one panel for each metric of a kind of stage, in it one curve for each experiment over its seeds.
 */
import type { EpochRow } from '@gradpool/trainer'
import type { RunView, StageView } from './run-view.js'

export interface CurvePoint {
  readonly epoch: number
  /** Over the seeds. */
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface Curve {
  /** Names of the experiments that it is of: several share a stage. */
  readonly experiments: readonly string[]
  readonly part: 'train' | 'validation'
  readonly seeds: number
  readonly points: readonly CurvePoint[]
}

export interface Panel {
  /** `classify`. */
  readonly stage: string
  /** `accuracy`. */
  readonly metric: string
  readonly curves: readonly Curve[]
}

/** What an experiment is called among several runs. */
export function titleIn(views: readonly RunView[], view: RunView, name: string): string {
  return views.length > 1 ? `${view.name} · ${name}` : name
}

/** Names of all experiments, in the order of their colours. */
export function experimentsIn(views: readonly RunView[]): string[] {
  return [...new Set(views.flatMap((view) => view.experiments.map(({ name }) => titleIn(views, view, name))))]
}

export function panelsOf(views: readonly RunView[]): Panel[] {
  const groups = new Map<string, { stage: string; experiments: string[]; members: StageView[] }>()
  for (const view of views) {
    for (const stage of Object.values(view.stages)) {
      if (stage.rows.length === 0) continue
      const experiments = stage.experiments.map((name) => titleIn(views, view, name))
      const key = JSON.stringify([stage.name, experiments])
      const group = groups.get(key) ?? { stage: stage.name, experiments, members: [] }
      group.members.push(stage)
      groups.set(key, group)
    }
  }
  const panels = new Map<string, { stage: string; metric: string; curves: Curve[] }>()
  for (const { stage, experiments, members } of groups.values()) {
    for (const metric of metricsIn(members)) {
      const key = JSON.stringify([stage, metric])
      const panel = panels.get(key) ?? { stage, metric, curves: [] }
      for (const part of ['train', 'validation'] as const) {
        const points = pointsOf(members, (row) => (part === 'train' ? row : row.validation)?.[metric])
        if (points.length > 0) panel.curves.push({ experiments, part, seeds: members.length, points })
      }
      panels.set(key, panel)
    }
  }
  const order = [...new Set([...panels.values()].map(({ stage }) => stage))].sort(
    (a, b) => (STAGES.indexOf(a) + 1 || Infinity) - (STAGES.indexOf(b) + 1 || Infinity),
  )
  return order.flatMap((name) => [...panels.values()].filter(({ stage }) => stage === name))
}

/** Those that others start from come first. */
const STAGES = ['autoencode', 'hash', 'cluster', 'classify']

function metricsIn(stages: readonly StageView[]): string[] {
  const names = new Set<string>()
  for (const { rows } of stages) {
    for (const row of rows) {
      for (const metrics of [row, row.validation ?? {}]) {
        for (const [name, value] of Object.entries(metrics)) {
          if (name !== 'epoch' && name !== 'seconds' && typeof value === 'number') names.add(name)
        }
      }
    }
  }
  return [...names]
}

/** Epochs in which some seed has a finite value. */
function pointsOf(stages: readonly StageView[], valueOf: (row: EpochRow) => unknown): CurvePoint[] {
  const byEpoch = new Map<number, number[]>()
  for (const { rows } of stages) {
    for (const row of rows) {
      const value = valueOf(row)
      if (typeof value !== 'number' || !Number.isFinite(value)) continue
      byEpoch.set(row.epoch, [...(byEpoch.get(row.epoch) ?? []), value])
    }
  }
  return [...byEpoch]
    .sort(([a], [b]) => a - b)
    .map(([epoch, values]) => ({
      epoch,
      mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
    }))
}
