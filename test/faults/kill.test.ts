// A run whose process is killed at random moments, and gone on with, comes to the bits of one that was let alone.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunResult } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'
import { emptyFolder, gradpool, runsIn, start } from '../gradpool.js'
import { bitsOf, documentOf } from '../run-document.js'
import { checkpointsIn } from './checkpoints-in.js'
import { isLong } from './is-long.js'
import { randomNumbers } from './random-numbers.js'

/** How many processes are killed; the issue of each is the same. */
const numKills = isLong ? 200 : 8
const experiments = ['report', '--epochs', isLong ? '4' : '2']
const often = ['--checkpoint-every', '0.1', '--quiet', '--in-process']

test(
  `${numKills} kills at random moments change no bit, and lose no checkpoint`,
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
  for (;;) {
    const begun = (await checkpointsIn(cwd)).hasRun
    const args = begun ? ['resume', ...often] : ['run', ...experiments, ...often]
    const { child, ended } = start(args, { cwd })
    const killer =
      kills < most ? setTimeout(() => child.kill('SIGKILL'), 300 + 1500 * random()) : undefined
    const { code, stderr } = await ended
    clearTimeout(killer)
    // No message of a damaged checkpoint, or of anything else.
    expect(stderr).toBe('')
    if (code === 0) return kills
    expect(code).toBe(null)
    kills++
    const { unreadable } = await checkpointsIn(cwd)
    expect(unreadable).toEqual([])
  }
}
