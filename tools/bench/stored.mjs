// Training on rows in files, larger than memory, beside 1 GB of the same rows in memory: 784-512-256-10, batch 128.
//
// node tools/bench/stored.mjs [gigabytes, 20] [seconds of a run, 20] [rounds, 3] [kinds, memory,blocks,whole] [folder]
//
// Runs of the kinds (in memory; block shuffle; whole shuffle, which a disk that seeks does not allow) take turns, each
// in a process of its own, whose peak of memory (RSS, which has no cache of files in it) is told. A folder that is
// named stays, so that the data are made once.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { adam, arrays, fit, mlp, stored } from 'gradpool'
import { sealJson } from '@gradpool/storage'

const FEATURES = 784
const BLOCK_ROWS = 4096
const GB = 1e9

/** As `prepareDataset` writes them, made block by block. */
function makeData(folder, gigabytes) {
  mkdirSync(folder, { recursive: true })
  const numRows = Math.ceil((gigabytes * GB) / FEATURES / BLOCK_ROWS) * BLOCK_ROWS
  const parts = [
    { name: 'image', shape: [FEATURES], rowBytes: FEATURES },
    { name: 'label', shape: [], rowBytes: 1 },
  ].map((part) => ({ ...part, path: join(folder, part.name), hash: createHash('sha256') }))
  const files = parts.map(({ path }) => openSync(path, 'w'))
  let state = 1
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
  const [image, label] = parts.map(({ rowBytes }) => new Uint8Array(BLOCK_ROWS * rowBytes))
  for (let i = 0; i < image.length; i++) image[i] = next() >>> 24
  for (let row = 0; row < numRows; row += BLOCK_ROWS) {
    for (let i = 0; i < BLOCK_ROWS; i++) {
      label[i] = Math.floor((10 * next()) / 2 ** 32)
      // Something to learn, and rows that differ.
      image.fill(200, i * FEATURES + 70 * label[i], i * FEATURES + 70 * label[i] + 60)
      image[i * FEATURES + (next() % FEATURES)] = next() >>> 24
    }
    for (const [index, bytes] of [image, label].entries()) {
      parts[index].hash.update(bytes)
      writeSync(files[index], bytes)
    }
  }
  for (const file of files) closeSync(file)
  const fields = parts.map(({ name, shape, path, hash }) => {
    const sha256 = hash.digest('hex')
    renameSync(path, join(folder, `${sha256}.bin`))
    return { name, dtype: 'u8', shape, sha256 }
  })
  const manifest = {
    format: 'gradpool data set',
    formatVersion: 1,
    hash: fields[0].sha256,
    numRows,
    fields,
    classes: 10,
  }
  writeFileSync(join(folder, 'dataset.json'), sealJson({ ...manifest, names: {} }))
}

/** Steps a second, after the first ones. */
async function measure(data, seconds) {
  const controller = new AbortController()
  let [begun, ended, cpu] = []
  await fit(mlp({ input: FEATURES, hidden: [512, 256], classes: 10 }), {
    data,
    batchSize: 128,
    epochs: 1000,
    optimizer: adam(0.001),
    workers: 1,
    progress: false,
    signal: controller.signal,
    onStep({ step }) {
      const now = performance.now()
      if (step > 100 && begun === undefined) [begun, cpu] = [{ step, now }, process.cpuUsage()]
      if (begun === undefined || now - begun.now < 1000 * seconds) return
      ended ??= { step, now, cpu: process.cpuUsage(cpu) }
      controller.abort()
    },
  }).catch((error) => {
    if (!controller.signal.aborted) throw error
  })
  const steps = ended.step - begun.step
  return {
    stepsPerSecond: (1000 * steps) / (ended.now - begun.now),
    cpuMillisecondsPerStep: (ended.cpu.user + ended.cpu.system) / 1000 / steps,
    peakMB: process.resourceUsage().maxRSS / 1000,
  }
}

function inMemory(folder) {
  const { fields, numRows } = JSON.parse(readFileSync(join(folder, 'dataset.json'), 'utf8'))
  const values = ({ sha256 }) => new Uint8Array(readFileSync(join(folder, `${sha256}.bin`)))
  return arrays(
    {
      image: { values: values(fields[0]), shape: [FEATURES] },
      label: { values: values(fields[1]), shape: [] },
    },
    { name: `${numRows} rows` },
  )
}

const kinds = {
  memory: (folder) => inMemory(join(folder, 'small')),
  whole: (folder) => stored(join(folder, 'large')),
  blocks: (folder) => stored(join(folder, 'large'), { shuffle: { blockRows: 1024, groupBlocks: 64 } }),
}

const [first = '20', second = '20', rounds = '3', asked = 'memory,blocks,whole', given, kind] = process.argv.slice(2)
if (kind) {
  process.stdout.write(JSON.stringify(await measure(kinds[kind](given), Number(second))))
  process.exit()
}
const folder = given ?? join(tmpdir(), `gradpool-stored-${process.pid}`)
try {
  for (const [name, gigabytes] of [
    ['small', 1],
    ['large', Number(first)],
  ]) {
    if (existsSync(join(folder, name, 'dataset.json'))) continue
    process.stderr.write(`making ${gigabytes} GB\n`)
    makeData(join(folder, name), gigabytes)
  }
  const results = Object.fromEntries(asked.split(',').map((name) => [name, []]))
  for (let round = 0; round < Number(rounds); round++) {
    for (const name of Object.keys(results)) {
      const args = [fileURLToPath(import.meta.url), first, second, rounds, asked, folder, name]
      const { stdout, status } = spawnSync(process.execPath, args, {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`the run '${name}' failed`)
      results[name].push(JSON.parse(stdout))
      process.stderr.write(`${name} ${stdout}\n`)
    }
  }
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  const speeds = Object.entries(results).map(([name, runs]) => [name, median(runs.map((run) => run.stepsPerSecond))])
  const base = speeds[0][1]
  for (const [name, speed] of speeds) {
    const peak = Math.max(...results[name].map((run) => run.peakMB))
    console.log(
      `${name}: ${speed.toFixed(1)} steps/s, ${(speed / base).toFixed(3)} of memory, peak ${peak.toFixed(0)} MB`,
    )
  }
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true })
}
