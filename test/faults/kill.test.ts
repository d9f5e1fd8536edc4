// A run whose process is killed at random moments, and resumed, is bit-identical to one that was let alone. Each
// kill costs at most the checkpoint that was being written: the one before it is there, and the run goes on from it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunResult } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from '../gradpool.js'
import { bitsOf, documentOf } from '../run-document.js'
import { begunCheckpoints, checkpointsIn, stepsGoneOnFrom } from './checkpoints-in.js'
import { isLong } from './is-long.js'
import { randomNumbers } from './random-numbers.js'

/** How many processes are killed; the issue of each is the same. */
const numKills = isLong ? 200 : 6
/** The short form trains on few images, for as many seconds. */
const few = smallData()
const experiments = ['report', '--epochs', ...(isLong ? ['4'] : ['8', ...few])]
const often = ['--checkpoint-every', '0.1', '--quiet', '--in-process']

test(
  `${numKills} kills at random moments change no bit, and cost at most one checkpoint each`,
  async () => {
    const random = randomNumbers(7)
    const undisturbed = await gradpool(['run', ...experiments, '--json'], {
      cwd: await emptyFolder(),
    })
    const wanted = bitsOf(documentOf(undisturbed))

    let kills = 0
    while (kills < numKills) {
      const cwd = await emptyFolder()
      kills += await killedUntilDone(cwd, random, numKills - kills)
      const [run = ''] = await runsIn(cwd)
      const result = await readFile(join(cwd, 'runs', run, 'result.json'), 'utf8')
      expect(bitsOf(JSON.parse(result) as RunResult)).toEqual(wanted)
    }
    expect(kills).toBe(numKills)
  },
  isLong ? 3_600_000 : 120_000,
)

/** Kills each process of a run, until one is faster or `most` were killed. @returns how many were. */
async function killedUntilDone(cwd: string, random: () => number, most: number): Promise<number> {
  let kills = 0
  let left = await checkpointsIn(cwd)
  for (;;) {
    const log = join(cwd, `calls-${kills}`)
    const args = left.hasRun ? ['resume', ...often] : ['run', ...experiments, ...often]
    const { child, ended } = start(args, {
      cwd,
      preload: ['fault-points.mjs'],
      env: { GRADPOOL_FAULT_LOG: log },
    })
    const killer = kills < most ? setTimeout(() => child.kill('SIGKILL'), 300 + 1500 * random()) : undefined
    const { code, stderr } = await ended
    clearTimeout(killer)
    // No message of a damaged checkpoint, or of anything else.
    expect(stderr).toBe('')
    for (const [stage, step] of await stepsGoneOnFrom(cwd, left.numEvents)) {
      expect(step, `where ${stage} went on`).toBe(left.steps.get(stage) ?? 0)
    }
    if (code === 0) return kills
    expect(code).toBe(null)
    kills++
    const before = left
    left = await checkpointsIn(cwd)
    expect(left.unreadable).toEqual([])
    for (const [stage, begun] of await begunCheckpoints(log)) {
      if (left.done.has(stage)) continue
      // All but the one that was being written.
      const least = begun.at(-2) ?? before.steps.get(stage) ?? 0
      expect(left.steps.get(stage) ?? 0, `the checkpoint of ${stage}`).toBeGreaterThanOrEqual(least)
    }
  }
}
