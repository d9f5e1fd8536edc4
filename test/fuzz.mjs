// Mutated inputs for every parser: whatever the bytes, a parser returns or throws a UserError, soon, and takes little
// memory.
//
//     node test/fuzz.mjs [inputs per parser, 100000] [seed, 0] [name of a parser]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { defineModel, matmul, mean, parameter, UserError, zeros } from '@gradpool/core'
import { initialState, philox, prediction } from '@gradpool/core/engine'
import { encodeIdx, loadDataset } from '@gradpool/datasets'
import { defineExperiment, STAGE_FORMAT } from '@gradpool/experiments'
import { HashIndex } from '@gradpool/hashing'
import { readDoneStage, readRun } from '@gradpool/orchestrator'
import {
  decodeSafetensors,
  decodeSavedModel,
  encodeSafetensors,
  encodeSavedModel,
  namedStates,
  weightsHash,
} from '@gradpool/storage'
import { CheckpointStore, EpochRows } from '@gradpool/trainer'

const [count = 100_000, seed = 0] = process.argv.slice(2, 4).map(Number)
const [, , , , only] = process.argv
const mostMs = 2000
const reserveBytes = 64e6
const warmUps = 1000
const row = { epoch: 1, seconds: 1, loss: 1, accuracy: 0.5, validation: { loss: 1, accuracy: 0.5 } }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

const words = new Uint32Array(4)
let drawn = 0
/** A whole number from 0 to below `limit`. */
function random(limit) {
  philox(words, 0, drawn++, 0, 0, 0, seed, 1)
  return words[0] % limit
}

/** One to four changes: bits flipped, bytes set, cut, put in, moved, or numbers made large. */
function mutated(bytes) {
  let out = Buffer.from(bytes)
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(out.length + 1)
    const kind = random(7)
    if (kind === 0 && at < out.length) out[at] ^= 1 << random(8)
    if (kind === 1 && at < out.length) out[at] = [0, 255, 0x22, 0x7b, 0x5d, 0x39][random(6)]
    if (kind === 2) out = out.subarray(0, at)
    if (kind === 3) out = Buffer.concat([out.subarray(0, at), Buffer.from([random(256)]), out.subarray(at)])
    if (kind === 4) out = Buffer.concat([out.subarray(0, at), out.subarray(at + random(16))])
    if (kind === 5) out = Buffer.concat([out, out.subarray(at, at + random(64))])
    if (kind === 6) {
      const text = out.toString('latin1')
      const digits = [...text.matchAll(/\d+/g)]
      if (digits.length === 0) continue
      const { index, 0: found } = digits[random(digits.length)]
      const number = ['-1', '1e308', '99999999999', '4294967296', '0.5', 'null'][random(6)]
      out = Buffer.from(text.slice(0, index) + number + text.slice(index + found.length), 'latin1')
    }
    // What was cut is still shared with the original.
    out = Buffer.from(out)
  }
  return out
}

const folder = mkdtempSync(join(tmpdir(), 'gradpool-fuzz-'))
const pixels = encodeIdx({
  dims: [12, 4, 4],
  values: Uint8Array.from({ length: 192 }, (_, i) => i),
})
const labels = encodeIdx({ dims: [12], values: Uint8Array.from({ length: 12 }, (_, i) => i % 10) })
const names = ['train-images-idx3-ubyte', 't10k-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-labels-idx1-ubyte']
const dataOf = (directory) =>
  loadDataset({
    kind: 'idxFolder',
    directory,
    classes: 10,
    labelled: 1,
    validation: 2,
    splitSeed: 0,
  })
function dataFolder(name, images, suffix) {
  const directory = mkdtempSync(join(folder, name))
  names.forEach((file, i) =>
    writeFileSync(join(directory, i === 0 ? file + suffix : file), i === 0 ? images : i === 1 ? pixels : labels),
  )
  return directory
}

const tensors = encodeSafetensors({
  tensors: new Map([
    ['a', { shape: [2, 3], values: new Float32Array(6) }],
    ['b', { shape: [4], values: new Float32Array(4) }],
  ]),
  metadata: { stage: 'x' },
})

const record = Buffer.from(
  JSON.stringify({
    format: 'gradpool-run',
    formatVersion: 2,
    started: '2026-01-01T00:00:00.000Z',
    versions: { gradpool: '0.1.0' },
    engine: { name: 'wasm', description: '', numerics: 'exact' },
    workers: 2,
    record: {},
    experiments: [
      {
        name: 'a',
        seed: 0,
        config: {},
        data: { name: 'm', hash: 'x' },
        stages: [{ name: 'a', hash: 'b' }],
      },
    ],
  }),
)
const events = Buffer.from(
  ['{"type":"resumed","time":"t"}', '{"type":"warning","message":"m","time":"t"}', ''].join('\n'),
)
const config = JSON.stringify({
  name: 'a',
  data: { kind: 'mnist', labelled: 0.5 },
  train: { epochs: 3, batchSize: 10, optimizer: { kind: 'adam', learningRate: 0.001 } },
  stages: [
    { kind: 'autoencode', encoder: [8], decoder: [784] },
    { kind: 'classify', hidden: [10], encoder: 'frozen' },
  ],
})

/** By name: the bytes that are right, and what reads changed ones. */
const parsers = {
  safetensors: [tensors, (bytes) => decodeSafetensors(bytes, 'it')],
  'saved model': [savedModel(), (bytes) => decodeSavedModel(bytes, 'it')],
  idx: [
    pixels,
    (() => {
      const directory = dataFolder('idx', pixels, '')
      return (bytes) => (writeFileSync(join(directory, names[0]), bytes), dataOf(directory))
    })(),
  ],
  gzip: [
    gzipSync(pixels),
    (() => {
      const directory = dataFolder('gzip', gzipSync(pixels), '.gz')
      return (bytes) => (writeFileSync(join(directory, `${names[0]}.gz`), bytes), dataOf(directory))
    })(),
  ],
  'run.json': [
    record,
    (() => {
      const directory = mkdtempSync(join(folder, 'run'))
      return (bytes) => (writeFileSync(join(directory, 'run.json'), bytes), readRun(directory))
    })(),
  ],
  'events.jsonl': [
    events,
    (() => {
      const directory = mkdtempSync(join(folder, 'events'))
      writeFileSync(join(directory, 'run.json'), record)
      return (bytes) => (writeFileSync(join(directory, 'events.jsonl'), bytes), readRun(directory))
    })(),
  ],
  config: [
    Buffer.from(config),
    (bytes) => {
      let value
      try {
        value = JSON.parse(bytes.toString('utf8'))
      } catch {
        return undefined
      }
      return defineExperiment(value)
    },
  ],
  index: [
    await indexBytes(),
    (() => {
      const path = join(mkdtempSync(join(folder, 'index')), 'x.index')
      return (bytes) => (writeFileSync(path, bytes), HashIndex.load(path))
    })(),
  ],
  'metrics.json': await doneStage(),
  'record of a checkpoint': await checkpointFile('1.json'),
  'states of a checkpoint': await checkpointFile('1.safetensors'),
  'rows of a checkpoint': await checkpointFile('epochs.f64'),
}

function savedModel() {
  const fields = { x: { dtype: 'f32', shape: [3] } }
  const model = defineModel({
    params: { w: parameter([3, 2], zeros) },
    step: ({ w }, { x }) => ({ loss: mean(matmul(x, w)) }),
    predict: ({ w }, { x }) => ({ y: matmul(x, w) }),
  })
  const program = (rows) => prediction(model, { batchSize: rows, data: { fields, numExamples: rows } }).program
  const row = program(1)
  return encodeSavedModel({
    states: namedStates(row, initialState(row, 0)),
    predict: {
      blockRows: 4,
      row,
      block: program(4),
      fields: [{ name: 'x', ...fields.x }],
      outputs: [{ name: 'y', dtype: 'f32', shape: [2] }],
    },
    provenance: { gradpool: '0.2.0', seed: 1, options: { batchSize: 4 } },
    metrics: { loss: 0.5 },
  })
}

async function indexBytes() {
  const path = join(mkdtempSync(join(folder, 'whole')), 'x.index')
  const model = { name: 'a', hash: 'f'.repeat(64) }
  const index = HashIndex.create({ bits: 2, model, encoder: savedModel() })
  index.add({ codes: Float32Array.of(0, 0.5, 1, 0.25, 0.75, 1), labels: [1, 2, 3] })
  await index.save(path)
  return readFileSync(path)
}

async function doneStage() {
  const directory = mkdtempSync(join(folder, 'stage'))
  const values = new Float32Array(6)
  const id = { hash: 'b', numerics: 'exact' }
  const metrics = {
    formatVersion: STAGE_FORMAT,
    stage: { name: 'a', ...id },
    numerics: id.numerics,
    version: '0.1.0',
    seconds: 1.5,
    test: { loss: 1, accuracy: 0.5 },
    weightsHash: weightsHash({ a: values }),
    firstEpoch: 'f'.repeat(64),
    epochs: [row],
    samples: [],
  }
  const states = new Map([['a', { shape: [2, 3], values }]])
  const model = encodeSavedModel({ states, provenance: { gradpool: '0.2.0' }, metrics: {} })
  writeFileSync(join(directory, 'model.gradpool'), model)
  writeFileSync(join(directory, 'done'), '')
  const path = join(directory, 'metrics.json')
  const parse = (bytes) => (writeFileSync(path, bytes), readDoneStage(directory, id))
  return [Buffer.from(JSON.stringify(metrics)), parse]
}

/** One file of a checkpoint that is whole but for that. */
async function checkpointFile(name) {
  const directory = mkdtempSync(join(folder, 'checkpoint'))
  const sums = { loss: Float64Array.of(1, NaN) }
  const position = { step: 1, since: 0, sums, rows: {}, lastLoss: 1 }
  const epochs = new EpochRows()
  epochs.push(row)
  const states = new Map([['a', { shape: [4], values: new Float32Array(4) }]])
  const best = { epoch: 1, states }
  const rest = { hash: 'x', numerics: 'exact', epochs, seconds: 1, states, best }
  await new CheckpointStore(directory).save({ position, ...rest })
  const path = join(directory, name)
  const parse = async (bytes) => {
    writeFileSync(path, bytes)
    await new CheckpointStore(directory).latest((message) => {
      // It tells of each error in a sentence: of its own ones, which name a file, or the system's.
      if (/^('|ENOENT)/.test(message)) throw new UserError(message)
      throw new Error(message)
    })
  }
  return [readFileSync(path), parse]
}

/** @returns whether it kept to what is promised */
async function holds(name, whole, parse) {
  // Code is compiled, and heaps find their size.
  for (let i = 0; i < warmUps; i++) await parse(whole)
  collect()
  const before = process.memoryUsage.rss()
  let refused = 0
  let slowest = 0
  let wrong = 0
  for (let i = 0; i < count; i++) {
    const input = mutated(whole)
    const started = performance.now()
    try {
      await parse(input)
    } catch (error) {
      refused++
      if (!(error instanceof UserError)) {
        wrong++
        if (wrong < 4) console.log(`${name}: ${error.stack}\n${input.toString('latin1').slice(0, 300)}`)
      }
    }
    slowest = Math.max(slowest, performance.now() - started)
    // What earlier inputs left behind is not what this one takes.
    if (i % 500 === 0) collect()
  }
  // Of the process at any time, so that no input is missed.
  const most = process.resourceUsage().maxRSS * 1024 - before
  const ok = wrong === 0 && slowest < mostMs && most < 4 * whole.length + reserveBytes
  const megabytes = (most / 1e6).toFixed(0)
  console.log(
    `${ok ? 'ok' : 'FAILED'} ${name}: ${count} inputs, ${refused} refused, ${wrong} by another error, slowest ${slowest.toFixed(0)} ms, ${megabytes} MB more`,
  )
  return ok
}

/** Each in a process of its own, whose memory is that of one parser. */
function holdAll() {
  const holding = Object.keys(parsers).map((name) => {
    const args = [fileURLToPath(import.meta.url), String(count), String(seed), name]
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0
  })
  return holding.every(Boolean)
}

try {
  if (only === undefined) {
    process.exitCode = holdAll() ? 0 : 1
  } else if (Object.hasOwn(parsers, only)) {
    process.exitCode = (await holds(only, ...parsers[only])) ? 0 : 1
  } else {
    console.error(`There is no parser '${only}'; there are ${Object.keys(parsers).join(', ')}`)
    process.exitCode = 2
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
