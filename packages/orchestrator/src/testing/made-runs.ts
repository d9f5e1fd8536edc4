/** Run directories as `gradpool run` leaves them, without any training. */
import { sealJson } from '@gradpool/storage'
import { type EpochRow } from '@gradpool/trainer'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExperimentResult, RunEvent, StageRef } from '../runs/run-result.js'
import { RUN_FORMAT, RUN_FORMAT_VERSION } from '../runs/run-format.js'

export interface MadeRun {
  readonly name: string
  /** ISO 8601. */
  readonly started?: string
  readonly experiment?: string
  readonly seeds?: readonly number[]
  readonly train?: Readonly<Record<string, unknown>>
  readonly data?: string
  /** Of the test, by seed. */
  readonly accuracy?: (seed: number) => number
  readonly epochs?: number
  /** Without: only its log is there. */
  readonly isOver?: boolean
}

export function makeRun(parent: string, made: MadeRun): string {
  const { name, started = '2026-01-01T00:00:00.000Z', experiment = 'mine', seeds = [0], isOver = true } = made
  const { train = { epochs: 4, batchSize: 32 }, data = 'mnist', accuracy = () => 0.9, epochs = 2 } = made
  const directory = join(parent, name)
  const hashOf = (seed: number) => `${experiment}-${seed}`
  const record = {
    format: RUN_FORMAT,
    formatVersion: RUN_FORMAT_VERSION,
    started,
    versions: { gradpool: '0.2.0', node: '20.0.0' },
    machine: { platform: 'linux', arch: 'x64', cpu: 'some', cores: 2 },
    commit: null,
    engine: { name: 'wasm', description: 'WebAssembly', numerics: 'exact-2' },
    workers: 2,
    experiments: seeds.map((seed) => ({
      name: experiment,
      seed,
      config: { name: experiment, train, stages: [{ kind: 'classify', hidden: [10] }] },
      data: { name: data, hash: `hash of ${data}` },
      stages: [{ name: 'classify', hash: hashOf(seed) }],
    })),
    record: {},
  }
  const rows = Array.from({ length: epochs }, (_, at): EpochRow => {
    const loss = 1 / (at + 1)
    return { epoch: at + 1, seconds: 0.5, loss, accuracy: 1 - loss / 2, validation: { loss: loss + 0.1 } }
  })
  const results = seeds.map((seed): ExperimentResult => {
    const stage = { name: 'classify', hash: hashOf(seed), shared: false, reused: false, epochs: rows }
    const own = { name: experiment, seed, condition: '', status: 'done' as const, reported: null, weightsHash: null }
    const test = { loss: 1 - accuracy(seed), accuracy: accuracy(seed) }
    return { ...own, test, accuracy: test.accuracy, seconds: 1.5, stages: [stage] }
  })
  const stageOf = (seed: number): StageRef => {
    return { hash: hashOf(seed), name: 'classify', seed, experiments: [experiment] }
  }
  const events = seeds.flatMap((seed): RunEvent[] => {
    const stage = stageOf(seed)
    const examples = { train: 320, validation: 10, test: 10 }
    return [
      { type: 'stageStarted', stage, epochs: 4, stepsPerEpoch: 10, fromStep: 0, examples },
      ...rows.map((row): RunEvent => ({ type: 'epoch', stage, row, elapsedSeconds: row.epoch })),
    ]
  })
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'run.json'), sealJson(record))
  const lines = events.map((event) => `${JSON.stringify({ time: started, ...event })}\n`)
  writeFileSync(join(directory, 'events.jsonl'), lines.join(''))
  const result = { run: directory, engine: 'wasm', workers: 2, seconds: 2.5, experiments: results }
  if (isOver) writeFileSync(join(directory, 'result.json'), sealJson(result))
  return directory
}
