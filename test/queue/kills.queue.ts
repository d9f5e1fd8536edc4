// Runs over a queue whose workers, submitters and servers are killed or stopped come to the bits of one process.
import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { startPostgres } from '../servers/postgres.js'
import { redisForAll } from './servers.js'
import { startWorker } from './worker-process.js'

const redis = redisForAll({ appendOnly: true })
const long = ['mnist_auto_2', '--epochs', '60', ...smallData()]
const local = (() => {
  let made: Promise<unknown> | undefined
  return () => (made ??= runJson(long).then(bitsOf))
})()

const over = () => ['--queue', redis().url, '--checkpoint-every', '0.5']

async function folder() {
  const cwd = await emptyFolder()
  const options = { cwd, env: {} }
  const worker = (args: string[] = []) => startWorker(['--queue', redis().url, '--workers', '1', ...args], options)
  return { cwd, options, worker }
}

/** The processes that a process started. */
async function childrenOf(pid: number | undefined): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return stdout.trim().split(/\s+/).map(Number)
}

test('a machine that is lost: another goes on from its last checkpoint', async () => {
  const { options, worker } = await folder()
  const lost = await worker(['--in-process'])
  const running = start(['run', ...long, ...over()], options)
  await running.said('Epoch ')
  await lost.kill()
  await worker()
  expect((await running.ended).code).toBe(0)
  const again = await gradpool(['run', ...long, '--json'], options)
  expect(bitsOf(documentOf(again))).toEqual(await local())
})

test('a worker that is told to stop hands its job back at a checkpoint', async () => {
  const { options, worker } = await folder()
  const first = await worker()
  const running = start(['run', ...long, ...over(), '--json'], options)
  await first.said('autoencode')
  await setTimeout(2000)
  first.child.kill('SIGTERM')
  expect(await first.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('handed back') as string })
  const second = await worker()
  expect(bitsOf(documentOf(await running.ended))).toEqual(await local())
  second.child.kill('SIGTERM')
  expect((await second.ended).stdout).toMatch(/autoencode \(\w{8}\): done/)
})

test('a worker whose training process is killed starts it again', async () => {
  const { options, worker } = await folder()
  const killed = await worker()
  const running = start(['run', ...long, ...over(), '--json'], options)
  await killed.said('autoencode')
  await setTimeout(2000)
  for (const pid of await childrenOf(killed.child.pid)) process.kill(pid, 'SIGKILL')
  expect(bitsOf(documentOf(await running.ended))).toEqual(await local())
  killed.child.kill('SIGTERM')
  expect((await killed.ended).stderr).toContain('was ended by SIGKILL')
})

test('a submitter that is killed: resume goes on over the same queue', async () => {
  const { cwd, options, worker } = await folder()
  await worker()
  const killed = start(['run', ...long, ...over(), '--in-process'], options)
  await killed.said('Epoch ')
  killed.child.kill('SIGKILL')
  await killed.ended
  const resumed = await gradpool(['resume', '--json'], options)
  expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining('Queue redis://') as string })
  expect(bitsOf(documentOf(resumed))).toEqual(await local())
  expect(await runsIn(cwd)).toHaveLength(1)
})

test('Redis that is started again in the middle of a run', async () => {
  const { options, worker } = await folder()
  await worker()
  const running = start(['run', ...long, ...over(), '--json'], options)
  await setTimeout(4000)
  await redis().restart(1000)
  expect(bitsOf(documentOf(await running.ended))).toEqual(await local())
})

test('a run that is detached goes on without anybody, and is watched', async () => {
  const { cwd, options, worker } = await folder()
  const store = ['--store', `file:${join(cwd, 'store')}`]
  const detached = await gradpool(['run', ...long, ...over(), ...store, '--detach'], options)
  expect(detached).toMatchObject({ code: 0, stdout: expect.stringContaining('gradpool watch runs/') as string })
  const working = await worker(store)
  // Both stages, with no submitter there.
  await working.said('classify')
  const watched = await gradpool(['watch', '--json'], options)
  expect(bitsOf(documentOf(watched))).toEqual(await local())
})

test('the queue on PostgreSQL, with a worker that is told to stop', async () => {
  const server = await startPostgres()
  onTestFinished(server.stop)
  const cwd = await emptyFolder()
  const options = { cwd, env: { GRADPOOL_QUEUE: server.url } }
  const address = server.url.replace(':secret', '')
  const first = await startWorker(['--workers', '1'], options)
  const running = start(['run', ...long, '--queue', address, '--json'], options)
  await first.said('autoencode')
  await setTimeout(2000)
  first.child.kill('SIGTERM')
  expect((await first.ended).code).toBe(0)
  await startWorker(['--workers', '2'], options)
  expect(bitsOf(documentOf(await running.ended))).toEqual(await local())
})
