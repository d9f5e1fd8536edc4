// What a result may depend on: not on Math.random, not on the network.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from './data-folder.js'
import { emptyFolder } from './gradpool.js'
import { bitsOf, runJson } from './run-document.js'

test('neither Math.random nor a socket is used in any thread', async () => {
  const cwd = await emptyFolder()
  const args = ['report', '--epochs', '1', '--workers', '2', '--data', await dataFolder()]
  const usual = await runJson(args, { cwd })
  const threadsFile = join(cwd, 'threads')
  const guarded = await runJson(args, {
    cwd,
    preload: ['no-math-random.mjs', 'offline.mjs'],
    env: { THREADS_FILE: threadsFile },
  })
  expect(bitsOf(guarded)).toEqual(bitsOf(usual))
  const threads = new Set((await readFile(threadsFile, 'utf8')).trim().split('\n'))
  expect(threads).toContain('0')
  // The main thread and both workers.
  expect(threads.size).toBeGreaterThanOrEqual(3)
})
