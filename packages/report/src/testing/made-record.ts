/** The record of a run of one stage, without any training. */
import type { RunRecord, StageRef } from '@gradpool/orchestrator'

export const STAGE: StageRef = { hash: 'a0', name: 'classify', seed: 0, experiments: ['one'] }

export const record: RunRecord = {
  format: 'gradpool-run',
  formatVersion: 3,
  started: '2026-01-01T00:00:00.000Z',
  versions: { gradpool: '0.2.0' },
  machine: { platform: 'linux', arch: 'x64', cpu: 'a', cores: 2 },
  commit: null,
  engine: { name: 'wasm', description: '', numerics: 'exact-2' },
  workers: 2,
  experiments: [
    {
      name: 'one',
      seed: 0,
      config: {},
      data: { name: 'made', hash: 'd' },
      stages: [{ name: STAGE.name, hash: STAGE.hash }],
    },
  ],
  record: {},
}

/** So many seconds after the beginning. */
export function timeAt(seconds: number): string {
  return new Date(Date.parse(record.started) + 1000 * seconds).toISOString()
}
