/**
 * `npm run bench:serving`: one model behind `gradpool serve` and behind FastAPI with ONNX Runtime or PyTorch, on the
 * same cores: how long a request of one row takes, and how many are answered from 64 connections.
 *
 *     npm run bench:serving -- [--only gradpool,onnx-1] [--without-peers] [--quick]
 *
 * The load comes from this machine, too, and takes its part of the cores. Writes results.json here unless told one of
 * these. Ends with an error if something could not be measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { median, spread } from '../statistics.mjs'
import { WIDTHS, writeModel } from './model.mjs'
import { requestsFor, servers, startServer } from './servers.mjs'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    'without-peers': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
})
const effort = options.quick ? { rounds: 1, seconds: 1, alone: 200 } : { rounds: 5, seconds: 4, alone: 3000 }
const CONNECTIONS = 64
const forms = ['json', 'bytes']

const missing = []
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version }
console.log(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${WIDTHS.join('-')}, one row a request; medians of ${effort.rounds} interleaved rounds`,
)

const selected = chosen()
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
const entries = []
try {
  const { image, probabilities } = await writeModel(folder)
  const requests = requestsFor(image)
  for (const server of selected) {
    await attempt(server.name, async () => {
      server.install()
      const running = await startServer(server, folder, { requests, probabilities })
      entries.push({ ...server, running, samples: { json: [], bytes: [] } })
    })
  }
  // The first round warms all of them up.
  for (let round = 0; round <= effort.rounds; round++) {
    for (const entry of entries) {
      for (const form of forms) {
        await attempt(entry.name, async () => {
          const sample = await measure(entry, form, requests[form])
          if (round > 0) entry.samples[form].push(sample)
        })
      }
    }
  }
} finally {
  await Promise.all(entries.map(({ running }) => running.stop()))
  rmSync(folder, { recursive: true })
}

const rows = entries.flatMap(({ id, name, samples }) =>
  forms.filter((form) => samples[form].length > 0).map((form) => ({ id, name, form, ...figures(samples[form]) })),
)
for (const form of forms) print(form)
if (options.only === undefined && !options['without-peers'] && !options.quick) {
  const date = new Date().toISOString().slice(0, 10)
  const results = { date, command: 'npm run bench:serving', machine, effort, network: WIDTHS, rows, missing }
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
}
for (const line of missing) console.error(`Not measured: ${line}`)
if (missing.length > 0) process.exitCode = 1

function chosen() {
  if (options['without-peers']) return servers.slice(0, 1)
  if (options.only === undefined) return servers
  const ids = options.only.split(',')
  const unknown = ids.filter((id) => !servers.some((server) => server.id === id))
  if (unknown.length > 0) {
    console.error(`error: Unknown server '${unknown[0]}'. Known: ${servers.map(({ id }) => id).join(', ')}`)
    process.exit(2)
  }
  return servers.filter(({ id }) => ids.includes(id))
}

async function attempt(name, action) {
  try {
    await action()
  } catch (error) {
    const line = `${name}: ${error.message}`
    if (!missing.includes(line)) missing.push(line)
  }
}

async function measure({ running, paths }, form, { headers, body }) {
  const url = `${running.url}${paths[form]}`
  const alone = await oneByOne(url, headers, body)
  const before = running.cpuSeconds()
  const { requests, duration, non2xx, errors, timeouts } = await autocannon({
    url,
    method: 'POST',
    headers,
    body,
    connections: CONNECTIONS,
    duration: effort.seconds,
  })
  if (non2xx + errors + timeouts > 0) throw new Error(`${non2xx} refusals, ${errors} errors, ${timeouts} timeouts`)
  const cpu = before === undefined ? NaN : (running.cpuSeconds() - before) / requests.total
  return { ...alone, rowsPerSecond: requests.total / duration, cpuMicroseconds: 1e6 * cpu }
}

/** Over one connection, each request after the answer to the one before. */
async function oneByOne(url, headers, body) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = new Float64Array(effort.alone)
  for (let at = 0; at < times.length; at++) {
    const from = performance.now()
    await post(url, agent, headers, body)
    times[at] = performance.now() - from
  }
  agent.destroy()
  times.sort()
  const at = (share) => 1000 * times[Math.floor(share * times.length)]
  return { p50: at(0.5), p99: at(0.99) }
}

function post(url, agent, headers, body) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, method: 'POST', headers: { ...headers, 'content-length': body.length } })
    asked.on('error', reject).on('response', (answer) => {
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`it answers ${answer.statusCode}`)),
      )
      answer.on('error', reject).resume()
    })
    asked.end(body)
  })
}

function figures(samples) {
  const of = (name) => samples.map((sample) => sample[name])
  return {
    p50Microseconds: median(of('p50')),
    p50Spread: spread(of('p50')),
    p99Microseconds: median(of('p99')),
    rowsPerSecond: median(of('rowsPerSecond')),
    rowsSpread: spread(of('rowsPerSecond')),
    cpuMicroseconds: median(of('cpuMicroseconds')),
  }
}

function print(form) {
  const percent = (share) => `±${(100 * share).toFixed(0)} %`
  console.log(`\n${form === 'json' ? 'JSON' : 'Bytes'}, one row a request`)
  console.table(
    rows
      .filter((row) => row.form === form)
      .map((row) => ({
        server: row.name,
        'p50, ms': `${(row.p50Microseconds / 1000).toFixed(2)} ${percent(row.p50Spread)}`,
        'p99, ms': (row.p99Microseconds / 1000).toFixed(2),
        [`rows/s, ${CONNECTIONS} connections`]: `${Math.round(row.rowsPerSecond)} ${percent(row.rowsSpread)}`,
        'CPU of a row, µs': Math.round(row.cpuMicroseconds),
      })),
  )
}
