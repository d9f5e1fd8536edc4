/**
 * `npm run bench:hashing`: queries per second and core of exact search by Hamming distance, beside faiss's
 * IndexBinaryFlat in the same run; and what a search of a bucket takes.
 *
 *     npm run bench:hashing -- [--quick] [--without-peers]
 *
 * Every competitor is a process of its own that has one thread. Rounds are interleaved; figures are medians of the
 * processor time of each, with half the distance between the quartiles. All must come to the same distances. Writes
 * results.json here unless told --quick or --without-peers; ends with an error if something could not be measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { startChild } from '../peers/child.mjs'
import { installPackages, pythonPath } from '../peers/install.mjs'
import { median, spread } from '../statistics.mjs'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'without-peers': { type: 'boolean', default: false },
  },
})
const effort = options.quick ? { rounds: 2, milliseconds: 50 } : { rounds: 9, milliseconds: 300 }

const long = { bits: 64, k: 10, values: 'none', search: 'hamming' }
const million = options.quick ? 100_000 : 1_000_000
const workloads = [
  { name: 'k-NN, 512 queries at once', ...long, numCodes: million, batch: 512 },
  { name: 'k-NN, one query at a time', ...long, numCodes: million, batch: 1 },
  {
    name: 'k-NN near a cluster, 512 at once',
    ...long,
    numCodes: million,
    batch: 512,
    flipped: 0.03,
  },
  {
    name: 'k-NN near a cluster, one at a time',
    ...long,
    numCodes: million,
    batch: 1,
    flipped: 0.03,
  },
  ...[
    { name: 'bucket, 64 bits', bits: 64, numCodes: million, flipped: 0.03, values: 'none' },
    { name: 'bucket, 10 bits, by real values', bits: 10, numCodes: 60_000, values: 'f32' },
  ].map((bucket) => ({ ...bucket, k: 10, batch: 1, search: 'bucket' })),
]

const missing = []
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
}
const peers = options['without-peers'] ? [] : installedFaiss()
const temporary = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
const results = []
try {
  for (const workload of workloads) {
    writeData(workload)
    const rows = await measure(workload)
    results.push({ ...workload, rows })
    console.log(`\n${workload.name}: ${workload.numCodes} codes of ${workload.bits} bits`)
    console.table(
      rows.map(({ name, microseconds, spread: width, perSecond, version, failure }) => ({
        by: name,
        'µs per query': failure ?? microseconds.toFixed(2),
        spread: width && `±${(100 * width).toFixed(1)} %`,
        'queries per second and core': perSecond && Math.round(perSecond),
        version,
      })),
    )
  }
} finally {
  rmSync(temporary, { recursive: true })
}
if (!options.quick && !options['without-peers']) {
  const document = {
    date: new Date().toISOString().slice(0, 10),
    command: 'npm run bench:hashing',
    machine,
    rounds: effort.rounds,
    results,
    missing,
  }
  writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(document, null, 2)}\n`)
}
for (const line of missing) console.error(`Not measured: ${line}`)
if (missing.length > 0) process.exitCode = 1

async function measure(workload) {
  const entries = competitorsOf(workload).map((competitor) => ({ ...competitor, answers: [] }))
  for (const entry of entries) {
    await attempt(entry, async () => {
      entry.runner = await startChild(entry.start, workload, temporary)
      entry.steps = await calibrate(entry.runner)
    })
  }
  for (let round = 0; round < effort.rounds; round++) {
    for (const entry of entries.filter(({ failure }) => failure === undefined)) {
      await attempt(entry, async () => entry.answers.push(await entry.runner.run(entry.steps)))
    }
  }
  for (const entry of entries) await entry.runner?.stop()
  const sums = new Set(entries.flatMap(({ answers }) => answers.map(({ loss }) => loss)))
  if (sums.size > 1) missing.push(`${workload.name}: distances differ, ${[...sums].join(', ')}`)
  return entries.map(({ name, failure, answers, steps, runner }) => {
    if (failure !== undefined) {
      missing.push(`${workload.name}, ${name}: ${failure}`)
      return { name, failure }
    }
    const numQueries = steps * workload.batch
    const microseconds = answers.map(({ cpuSeconds }) => (1e6 * cpuSeconds) / numQueries)
    return {
      name,
      version: runner.version,
      microseconds: median(microseconds),
      spread: spread(microseconds),
      wallMicroseconds: median(answers.map(({ seconds }) => (1e6 * seconds) / numQueries)),
      perSecond: 1e6 / median(microseconds),
    }
  })
}

async function attempt(entry, action) {
  try {
    await action()
  } catch (error) {
    entry.failure = error.message
    await entry.runner?.stop()
  }
}

/** As many steps as take about so long, found by doubling; they warm the runner up. */
async function calibrate(runner) {
  for (let steps = 1; ; steps *= 2) {
    const { seconds } = await runner.run(steps)
    const ratio = effort.milliseconds / (1000 * seconds)
    if (ratio <= 1) return Math.max(1, Math.round(ratio * steps))
  }
}

function competitorsOf({ search }) {
  const script = fileURLToPath(new URL('gradpool_peer.mjs', import.meta.url))
  const ours = [...nativeInstructionSets().slice(0, 1), 'wasm'].map((kernels) => ({
    name: kernels === 'wasm' ? 'Gradpool, WebAssembly' : 'Gradpool, native code',
    start: { command: process.execPath, args: [script, kernels] },
  }))
  return search === 'hamming' ? [...ours, ...peers] : ours
}

function installedFaiss() {
  try {
    installPackages('faiss', ['faiss-cpu'])
  } catch (error) {
    missing.push(`faiss: ${error.message}`)
    return []
  }
  const script = fileURLToPath(new URL('faiss_peer.py', import.meta.url))
  return [{ name: 'faiss IndexBinaryFlat', start: { command: pythonPath, args: [script] } }]
}

/** Uniform codes, or codes that differ in a part of their bits from one of as many centres as make clusters of 100. */
function writeData({ bits, numCodes, flipped }) {
  const next = numbers(1)
  const rowBytes = Math.ceil(bits / 8)
  const uniform = (count) =>
    Uint8Array.from({ length: count * rowBytes }, (_, at) => {
      const used = Math.min(8, bits - 8 * (at % rowBytes))
      return Math.floor(2 ** used * next())
    })
  const centres = uniform(numCodes / 100)
  const clustered = (count) => {
    const codes = new Uint8Array(count * rowBytes)
    for (let row = 0; row < count; row++) {
      const centre = Math.floor((next() * numCodes) / 100) * rowBytes
      codes.set(centres.subarray(centre, centre + rowBytes), row * rowBytes)
      for (let bit = 0; bit < bits; bit++) {
        if (next() < flipped) codes[row * rowBytes + (bit >> 3)] ^= 1 << (bit & 7)
      }
    }
    return codes
  }
  const make = flipped === undefined ? uniform : clustered
  writeFileSync(join(temporary, 'codes'), make(numCodes))
  writeFileSync(join(temporary, 'queries'), make(4096))
}

/** Reproducible numbers in [0, 1): xorshift, 32 bits. */
function numbers(seed) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
