/** Events and results as a run would tell them. */
import {
  type ExperimentResult,
  type RunEvent,
  type RunInSight,
  type RunResult,
  type Sample,
  type StageProgress,
  type StageRef,
} from '@gradpool/orchestrator'
import { type EpochRow, type Metrics } from '@gradpool/trainer'

export function stageOf(name: string, experiments: readonly string[], seed = 0): StageRef {
  return { hash: `${name}-${experiments.join('-')}-${seed}`, name, seed, experiments }
}

export function rowOf(epoch: number, change: Partial<EpochRow> = {}): EpochRow {
  const validation = { loss: 0.6, accuracy: 0.88 }
  return { epoch, seconds: 1.4, loss: 0.5136, accuracy: 0.8638, validation, ...change }
}

/** A stage from start to end, all epochs alike. */
export function eventsOf(
  stage: StageRef,
  { epochs = 2, test = null as Metrics | null, samples = [] as readonly Sample[] } = {},
): RunEvent[] {
  const rows = Array.from({ length: epochs }, (_, index) => rowOf(index + 1))
  return [
    {
      type: 'stageStarted',
      stage,
      epochs,
      stepsPerEpoch: 100,
      fromStep: 0,
      examples: { train: 900, validation: 100, test: 0 },
    },
    ...rows.map((row): RunEvent => {
      return { type: 'epoch', stage, row, elapsedSeconds: 1.4 * row.epoch }
    }),
    { type: 'stageDone', stage, seconds: 1.4 * epochs + 0.1, test, samples },
  ]
}

export function progressOf(stage: StageRef, change: Partial<StageProgress> = {}): StageProgress {
  return {
    stage,
    epoch: 4,
    epochs: 10,
    step: 23_600,
    steps: 59_000,
    last: { loss: 2553.1184, accuracy: -0.5253 },
    stepsPerSecond: 12_431,
    secondsLeft: 12,
    mayEndEarly: false,
    ...change,
  }
}

export function inSight(progress: RunInSight['progress'], secondsLeft: number | null = null): RunInSight {
  return { progress, secondsLeft: () => secondsLeft, mayEndEarly: () => false }
}

export function experimentOf(name: string, change: Partial<ExperimentResult> = {}): ExperimentResult {
  return {
    name,
    seed: 0,
    condition: '다층퍼셉트론 mset_all 데이터셋',
    status: 'done',
    test: { loss: 0.4, accuracy: 0.9 },
    accuracy: 0.9,
    reported: 0.9,
    seconds: 12.34,
    weightsHash: 'f'.repeat(64),
    stages: [],
    ...change,
  }
}

export function resultOf(experiments: readonly ExperimentResult[]): RunResult {
  return { run: 'runs/some-run', engine: 'wasm', workers: 2, seconds: 58.31, experiments }
}

/** A picture whose left half is lit. */
export function sampleOf(truth: number, change: Partial<Sample> = {}): Sample {
  const image = Array.from({ length: 28 * 28 }, (_, index) => (index % 28 < 14 ? 255 : 0))
  return { image, imageShape: [28, 28], truth, ...change }
}
