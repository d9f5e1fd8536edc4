// Runs over a queue whose workers, submitters and servers are killed or stopped give the bits of one process.
import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { root } from '../docs/blocks.js'
import { emptyFolder, gradpool, runsIn, start } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { startPostgres } from '../servers/postgres.js'
import { redisForAll } from './servers.js'
import { startWorker } from './worker-process.js'

const redis = redisForAll({ appendOnly: true })
const data = smallData()
const long = ['mnist_auto_2', '--epochs', '60', ...data]
const local = (() => {
  let made: Promise<unknown> | undefined
  return () => (made ??= runJson(long).then(bitsOf))
})()

/** Trainings with batches of so many end the process that trains them, from one of its threads. */
const CRASHES_AT = 15

const crashingEngine = `
import { wasmEngine } from '${pathToFileURL(join(root, 'packages', 'engine-cpu', 'dist', 'index.js')).href}'

export async function createEngine() {
  const engine = await wasmEngine()
  const { compile, workerModule } = engine
  Object.defineProperty(engine, 'workerModule', { value: import.meta.url })
  engine.compile = async (program, options) => {
    const execution = await compile.call(engine, program, options)
    const { begin } = execution
    const crashes = program.batchSize === ${CRASHES_AT}
    execution.begin = (...given) => begin.apply(execution, given).map((task) => ({ workerModule, task, crashes }))
    return execution
  }
  return engine
}

export async function executeChunk({ workerModule, task, crashes }) {
  if (crashes) process.kill(process.pid, 'SIGSEGV')
  return (await import(workerModule)).executeChunk(task)
}
`

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

/** Waits for a checkpoint of a run in the store that it serves. */
async function checkpointIn(cwd: string): Promise<void> {
  const names = join(cwd, 'runs', '.queue-store', 'names', 'checkpoints')
  while ((await readdir(names, { recursive: true }).catch(() => [])).length < 2) await setTimeout(20)
}

/** What a worker says of a job that was begun elsewhere. */
const RESUMED = /autoencode \(\w{8}\): goes on from step [1-9]/

test('a machine that is lost: another goes on from its last checkpoint', async () => {
  const { cwd, options, worker } = await folder()
  const lost = await worker(['--in-process'])
  const running = start(['run', ...long, ...over()], options)
  await checkpointIn(cwd)
  await lost.kill()
  const other = await worker()
  expect((await running.ended).code).toBe(0)
  other.child.kill('SIGTERM')
  expect((await other.ended).stdout).toMatch(RESUMED)
  const again = await gradpool(['run', ...long, '--json'], options)
  expect(bitsOf(documentOf(again))).toEqual(await local())
})

test('a worker that is told to stop hands its job back at a checkpoint', async () => {
  const { cwd, options, worker } = await folder()
  const first = await worker()
  const running = start(['run', ...long, ...over(), '--json'], options)
  await checkpointIn(cwd)
  first.child.kill('SIGTERM')
  expect(await first.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('handed back') as string })
  const second = await worker()
  expect(bitsOf(documentOf(await running.ended))).toEqual(await local())
  second.child.kill('SIGTERM')
  const { stdout } = await second.ended
  expect(stdout).toMatch(RESUMED)
  expect(stdout).toMatch(/autoencode \(\w{8}\): done/)
})

test('a worker whose training process is killed starts it again', async () => {
  const { cwd, options, worker } = await folder()
  const killed = await worker()
  const running = start(['run', ...long, ...over(), '--json'], options)
  await checkpointIn(cwd)
  for (const pid of await childrenOf(killed.child.pid)) process.kill(pid, 'SIGKILL')
  expect(bitsOf(documentOf(await running.ended))).toEqual(await local())
  killed.child.kill('SIGTERM')
  const { stdout, stderr } = await killed.ended
  expect(stderr).toContain('was ended by SIGKILL')
  expect(stdout).toMatch(RESUMED)
})

test('a job that ends its worker’s process three times fails, and those beside it are trained', async () => {
  const { cwd, options } = await folder()
  await writeFile(join(cwd, 'crashes.mjs'), crashingEngine)
  const queue = ['--queue', redis().url, '--namespace', 'strikes']
  const worker = await startWorker([...queue, '--workers', '2', '--engine', './crashes.mjs'], options)
  const good = ['mnist_mlp_1p', '--seed', '0..9', '--epochs', '20', ...data]
  const bad = ['mnist_mlp_1p', '--set', `train.batchSize=${CRASHES_AT}`, '--epochs', '5', ...data]
  const elsewhere = { cwd: await emptyFolder(), env: {} }
  const beside = start(['run', ...good, ...queue, '--json'], options)
  const failing = start(['run', ...bad, ...queue, '--json'], elsewhere)
  expect(bitsOf(documentOf(await beside.ended))).toEqual(bitsOf(await runJson(good)))
  const failed = await failing.ended
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain("it ended its worker's process 3 times (SIGSEGV)")
  const told: unknown = JSON.parse((await gradpool(['queue', ...queue, '--json'], options)).stdout)
  expect(told).toMatchObject({ queues: [{ counts: { waiting: 0, active: 0, failed: 1 }, failed: [{ strikes: 3 }] }] })
  worker.child.kill('SIGTERM')
  const { code, stderr } = await worker.ended
  expect(code).toBe(0)
  expect(stderr.match(/was ended by SIGSEGV/g)).toHaveLength(3)
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
