/** The JSON document of `gradpool run --json`, and what of it has to be the same from run to run. */
import { type RunResult } from '@gradpool/orchestrator'
import { expect } from 'vitest'
import { type Ended, emptyFolder, gradpool, type Options } from './gradpool.js'

/** Parses stdout, which must be one JSON document and nothing else. */
export function documentOf({ stdout }: Pick<Ended, 'stdout'>): RunResult {
  return JSON.parse(stdout) as RunResult
}

/** Trains with `--json`, whatever was trained before; it has to succeed. */
export async function runJson(args: readonly string[], options: Options = {}): Promise<RunResult> {
  const cwd = options.cwd ?? (await emptyFolder())
  const ended = await gradpool(['run', ...args, '--fresh', '--json'], { ...options, cwd })
  expect(ended).toMatchObject({ code: 0 })
  return documentOf(ended)
}

/** All that the same experiment and seed must give again, whatever the number of workers. */
export function bitsOf({ experiments }: RunResult): unknown[] {
  return experiments.map(({ name, seed, weightsHash, accuracy, stages }) => {
    const epochs = stages.map((stage) => ({
      hash: stage.hash,
      epochs: stage.epochs.map(({ loss, accuracy, validation }) => [loss, accuracy, validation]),
    }))
    return { name, seed, weightsHash, accuracy, epochs }
  })
}
