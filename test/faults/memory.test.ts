// A run of many epochs does not grow, and leaves nothing open: the process ends by itself.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from '../data-folder.js'
import { emptyFolder, gradpool } from '../gradpool.js'
import { isLong } from './is-long.js'

const numEpochs = 10_000
const mostGrowth = 5e6

test.runIf(isLong)(
  `the memory of a process does not grow over ${numEpochs} epochs`,
  async () => {
    const cwd = await emptyFolder()
    const log = join(cwd, 'rss')
    const args = ['run', 'mnist_mlp_1p', '--epochs', String(numEpochs), '--quiet', '--in-process']
    const ended = await gradpool([...args, '--workers', '1', '--data', await dataFolder()], {
      cwd,
      preload: ['rss.mjs'],
      env: { RSS_FILE: log },
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const sizes = (await readFile(log, 'utf8')).trim().split('\n').map(Number)
    expect(sizes.length).toBeGreaterThan(8)
    // The first quarter is start-up: code is compiled, and heaps find their size.
    const later = sizes.slice(Math.floor(sizes.length / 4))
    const half = later.length >> 1
    const least = (part: readonly number[]) => Math.min(...part)
    expect(least(later.slice(half)) - least(later.slice(0, half))).toBeLessThan(mostGrowth)
  },
  600_000,
)
