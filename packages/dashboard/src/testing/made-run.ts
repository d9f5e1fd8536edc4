/** A run directory as `gradpool run` leaves it, without any training, and events to add to its log. */
import { sealJson } from '@gradpool/storage'
import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const STARTED = '2026-01-01T00:00:00.000Z'

const STAGE = { hash: 'stage-0', name: 'classify', seed: 0, experiments: ['mine'] }

export interface MadeRun {
  readonly name: string
  readonly experiment?: string
  readonly started?: string
  /** Of the test. Default: the run has not ended. */
  readonly accuracy?: number
}

export function makeRun(folder: string, { name, experiment = 'mine', started = STARTED, accuracy }: MadeRun): string {
  const directory = join(folder, name)
  const config = { name: experiment, train: { epochs: 4, batchSize: 32 } }
  const data = { name: 'mnist', hash: 'hash of mnist' }
  const stages = [{ name: 'classify', hash: STAGE.hash }]
  const record = {
    format: 'gradpool-run',
    formatVersion: 3,
    started,
    versions: { gradpool: '0.2.0', node: '20.0.0' },
    machine: { platform: 'linux', arch: 'x64', cpu: 'some', cores: 2 },
    commit: null,
    engine: { name: 'wasm', description: 'WebAssembly', numerics: 'exact-2' },
    workers: 2,
    experiments: [{ name: experiment, seed: 0, config, data, stages }],
    record: {},
  }
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'run.json'), sealJson(record))
  writeFileSync(join(directory, 'events.jsonl'), '')
  addEvents(directory, [startedEvent(), epochEvent(1), epochEvent(2)])
  if (accuracy === undefined) return directory
  const own = { name: experiment, seed: 0, condition: '', status: 'done', reported: null, weightsHash: null }
  const epochs = [epochEvent(1), epochEvent(2)].map(({ row }) => row)
  const test = { loss: 1 - accuracy, accuracy }
  const result = {
    ...own,
    test,
    accuracy,
    seconds: 2,
    stages: [{ ...stages[0], shared: false, reused: false, epochs }],
  }
  addEvents(directory, [{ time: started, type: 'experimentDone', result }])
  const all = { run: directory, engine: 'wasm', workers: 2, seconds: 3, experiments: [result] }
  writeFileSync(join(directory, 'result.json'), sealJson(all))
  return directory
}

export function startedEvent() {
  const examples = { train: 320, validation: 0, test: 10 }
  return {
    time: STARTED,
    type: 'stageStarted',
    stage: STAGE,
    epochs: 100_000,
    stepsPerEpoch: 10,
    fromStep: 0,
    examples,
  }
}

export function epochEvent(epoch: number, loss = 1 / epoch) {
  const row = { epoch, seconds: 1, loss, accuracy: 1 - loss / 2, validation: { loss: loss + 0.1 } }
  const time = new Date(Date.parse(STARTED) + 1000 * epoch).toISOString()
  return { time, type: 'epoch', stage: STAGE, row, elapsedSeconds: epoch }
}

export function addEvents(directory: string, events: readonly object[]): void {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`)
  appendFileSync(join(directory, 'events.jsonl'), lines.join(''))
}

export function temporaryFolder(): { readonly path: string; readonly remove: () => Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'gradpool-dashboard-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
