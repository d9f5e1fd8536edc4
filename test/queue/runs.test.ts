// `gradpool run` over a queue, with workers in processes of their own, as a user has them.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunResult } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, gradpoolHere, runsIn } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { freePort } from '../servers/server-process.js'
import { redisForAll } from './servers.js'
import { startWorker } from './worker-process.js'

const redis = redisForAll({ password: 'open-sesame' })
const textAt = async (address: string) => (await fetch(address)).text()
const stagesOf = ({ experiments }: RunResult) => experiments.flatMap(({ stages }) => stages.map(({ hash }) => hash))
const report = ['report', '--epochs', '1', ...smallData()]

test('the report, trained by two workers, gives the bits of one process', async () => {
  const cwd = await emptyFolder()
  const env = { GRADPOOL_QUEUE: redis().url }
  const address = `redis://127.0.0.1:${redis().port}`
  const ports = [await freePort(), await freePort()]
  const start = (port: number) => startWorker(['--workers', '1', '--metrics', String(port)], { cwd, env })
  const workers = await Promise.all(ports.map(start))
  const here = runJson(report)
  const there = await gradpool(['run', ...report, '--queue', address, '--json'], { cwd, env })
  expect(there).toMatchObject({ code: 0, stderr: expect.stringContaining(`Queue ${address}, store file:`) as string })
  expect(bitsOf(documentOf(there))).toEqual(bitsOf(await here))

  const metrics = await Promise.all(ports.map((port) => textAt(`http://127.0.0.1:${port}/metrics`)))
  const done = metrics.map((text) => Number(/^gradpool_jobs_total\{outcome="done"\} (\d+)$/m.exec(text)?.[1]))
  expect(done.reduce((sum, count) => sum + count, 0)).toBe(new Set(stagesOf(documentOf(there))).size)
  expect(await textAt(`http://127.0.0.1:${ports[0] ?? 0}/readyz`)).toBe('ok\n')

  const shown = await gradpool(['queue', '--json'], { cwd, env })
  const told: unknown = JSON.parse(shown.stdout)
  expect(told).toMatchObject({
    address,
    queues: [{ name: 'stages-1-exact-2', counts: { waiting: 0, active: 0, delayed: 0, failed: 0 } }],
    machines: [{ numerics: 'exact-2' }, { cores: 1 }],
  })
  for (const { child } of workers) child.kill('SIGTERM')
  const ends = await Promise.all(workers.map(({ ended }) => ended))
  expect(ends.map(({ code }) => code)).toEqual([0, 0])

  const [run = ''] = await runsIn(cwd)
  const record = await readFile(join(cwd, 'runs', run, 'run.json'), 'utf8')
  expect(record).toContain(address)
  const printed = [there, shown, ...ends].map(({ stdout, stderr }) => stdout + stderr)
  expect([record, ...printed].join()).not.toContain('open-sesame')
  // Nothing is left to do, and no worker is needed for that.
  expect((await gradpool(['watch'], { cwd, env })).code).toBe(0)
})

test('what is wrong with a queue is one sentence', async () => {
  const cwd = await emptyFolder()
  const address = `redis://127.0.0.1:${redis().port}`
  const file = join(cwd, 'address')
  await writeFile(file, `redis://:wrong@127.0.0.1:${redis().port}\n`)
  const cases: [string[], string][] = [
    [['queue', '--queue', address], 'asks for a password'],
    [['queue', '--queue', address, '--queue-file', file], 'refuses the password'],
    [['worker', '--queue', redis().url], 'A password on the command line can be read'],
    [['queue'], 'Say which queue'],
    [
      ['queue', '--queue', 'redis://127.0.0.1:1'],
      'There is no Redis at redis://127.0.0.1:1: the connection was refused',
    ],
    [['run', 'mnist_mlp_1p', '--detach'], '--detach says how stages are trained over a queue, so it needs --queue'],
    [['run', 'mnist_mlp_1p', '--queue', address, '--detach'], '--detach needs a store'],
    [['queue', 'drain', 'abc'], 'takes no jobs'],
    [['queue', 'dry'], "Command-argument value 'dry' is invalid"],
  ]
  for (const [args, sentence] of cases) {
    const { code, stderr } = await gradpoolHere(args, cwd)
    expect({ args, code, stderr }).toEqual({ args, code: 2, stderr: expect.stringContaining(sentence) as string })
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).not.toContain('open-sesame')
  }
})
