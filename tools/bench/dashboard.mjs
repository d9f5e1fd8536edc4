// What the dashboard takes: of training, while somebody looks at a run; of memory, after a day of epochs; and of time,
// to list a thousand runs of 10,000 epochs each. Prints a line for each; docs/dashboard.md has them.
//
//   node tools/bench/dashboard.mjs [training | memory | list ...]
import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealJson } from '@gradpool/storage'
import { root } from '../environment.mjs'

const EPOCHS = 10_000
const RUNS = 1000
const DAY = 86_400
const SECONDS = 60

const asked = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
const command = join(root, 'packages/gradpool/bin/gradpool.js')
const stage = { hash: 'stage', name: 'classify', seed: 0, experiments: ['mine'] }

function rowOf(epoch) {
  const loss = 1 / Math.sqrt(epoch)
  return { epoch, seconds: 1, loss, accuracy: 1 - loss / 2, validation: { loss: loss + 0.1, accuracy: 0.9 - loss / 2 } }
}

function makeRun(parent, name, epochs) {
  const directory = join(parent, name)
  const started = new Date(Date.UTC(2026, 0, 1) + 60_000 * Number(name)).toISOString()
  const stages = [{ name: 'classify', hash: stage.hash }]
  const config = { name: 'mine', train: { epochs, batchSize: 16 + (Number(name) % 3) }, stages: [{ hidden: [10] }] }
  const record = {
    format: 'gradpool-run',
    formatVersion: 3,
    started,
    versions: { gradpool: '0.2.0', node: process.versions.node },
    machine: { platform: 'linux', arch: 'x64', cpu: 'some', cores: 2 },
    commit: null,
    engine: { name: 'wasm', description: 'WebAssembly', numerics: 'exact-2' },
    workers: 2,
    experiments: [{ name: 'mine', seed: 0, config, data: { name: 'mnist', hash: 'data' }, stages }],
    record: {},
  }
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'run.json'), sealJson(record))
  writeFileSync(join(directory, 'events.jsonl'), '')
  if (epochs === 0) return directory
  const accuracy = Number(name) / 1000
  const rows = Array.from({ length: epochs }, (_, at) => rowOf(at + 1))
  const own = { name: 'mine', seed: 0, condition: '', status: 'done', reported: null, weightsHash: null }
  const result = { ...own, test: { loss: 1, accuracy }, accuracy, seconds: 2, stages: [{ ...stages[0], epochs: rows }] }
  writeFileSync(
    join(directory, 'result.json'),
    sealJson({ run: directory, engine: 'wasm', workers: 2, seconds: 3, experiments: [result] }),
  )
  return directory
}

/** Seconds of CPU of a process, by the kernel's count. */
function cpuOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Its children, by the kernel. */
function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

function said(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      const found = pattern.exec(text)
      if (found) resolve(found)
    })
    child.on('exit', () => reject(new Error(`it ended without saying ${pattern}: ${text}`)))
  })
}

/** Reads all that it is sent, as a page does. */
async function follow(url) {
  const response = await fetch(url)
  let bytes = 0
  const read = async () => {
    for await (const chunk of response.body) bytes += chunk.length
  }
  read().catch(() => undefined)
  return () => bytes
}

async function training() {
  const args = ['run', 'mnist_mlp_all', '--epochs', '1000', '--fresh', '--dashboard', '--no-report']
  const child = spawn(process.execPath, [command, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const [, url] = await said(child, /Dashboard: (http:\S+)\//)
  const [trains] = childrenOf(child.pid)
  const [serves] = childrenOf(trains)
  for (;;) {
    const { rows } = await (await fetch(`${url}/api/runs`)).json()
    const [row] = rows
    if (row?.epochs > 0) {
      const list = await follow(`${url}/api/events`)
      const run = await follow(`${url}/api/runs/${row.id}/events`)
      const before = [trains, serves].map(cpuOf)
      await new Promise((resolve) => setTimeout(resolve, 1000 * SECONDS))
      const [trained, served] = [trains, serves].map((pid, at) => cpuOf(pid) - before[at])
      const share = ((100 * served) / trained).toFixed(2)
      console.log(
        `training: ${trained.toFixed(1)} s of CPU in ${SECONDS} s; the dashboard ${served.toFixed(2)} s, ${share} %, for ${run()} bytes of the run and ${list()} of the list`,
      )
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  child.kill('SIGINT')
  await new Promise((resolve) => child.on('exit', resolve))
}

async function memory() {
  const { startDashboard } = await import('@gradpool/dashboard')
  const runs = join(folder, 'day')
  const directory = makeRun(runs, '1', 0)
  const dashboard = await startDashboard({ runs, port: 0 })
  const read = await follow(`${dashboard.address}/api/runs/1/events`)
  const heap = () => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed / 2 ** 20
  }
  const sizes = []
  for (let first = 1; first <= DAY; first += 3600) {
    const lines = Array.from({ length: 3600 }, (_, at) => {
      const row = rowOf(first + at)
      return `${JSON.stringify({ time: new Date().toISOString(), type: 'epoch', stage, row, elapsedSeconds: 1 })}\n`
    })
    appendFileSync(join(directory, 'events.jsonl'), lines.join(''))
    await new Promise((resolve) => setTimeout(resolve, 600))
    sizes.push(heap())
  }
  const [hour = 0, day = 0] = [sizes[0], sizes.at(-1)]
  console.log(
    `memory: ${hour.toFixed(1)} MB after an hour of epochs, ${day.toFixed(1)} MB after a day, at most ${Math.max(...sizes).toFixed(1)}; ${read()} bytes sent`,
  )
  await dashboard.close()
}

async function list() {
  const { startDashboard } = await import('@gradpool/dashboard')
  const runs = join(folder, 'many')
  for (let at = 0; at < RUNS; at++) makeRun(runs, String(at), EPOCHS)
  const timed = async (query) => {
    const began = performance.now()
    const answer = await (await fetch(`${url}/api/runs?limit=100&${query}`)).json()
    return { ms: performance.now() - began, total: answer.total }
  }
  let dashboard = await startDashboard({ runs, port: 0 })
  let url = dashboard.address
  const first = await timed('')
  await dashboard.close()
  dashboard = await startDashboard({ runs, port: 0 })
  url = dashboard.address
  const again = await timed('')
  const queries = [
    'search=mine',
    'sort=-accuracy',
    'where=accuracy%3E0.5',
    'where=batchSize%3D17&sort=loss',
    'offset=500',
  ]
  const times = []
  for (const query of queries) {
    for (let tries = 0; tries < 5; tries++) {
      times.push((await timed(query)).ms)
      // No answer from before.
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
  console.log(
    `list: ${RUNS} runs of ${EPOCHS} epochs: ${first.ms.toFixed(0)} ms the first time, ${again.ms.toFixed(0)} ms by their index, then at most ${Math.max(...times).toFixed(0)} ms (least ${Math.min(...times).toFixed(0)})`,
  )
  await dashboard.close()
}

const all = { training, memory, list }
console.log(`on ${availableParallelism()} threads, Node ${process.versions.node}`)
try {
  for (const [name, measure] of Object.entries(all)) if (asked.length === 0 || asked.includes(name)) await measure()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
