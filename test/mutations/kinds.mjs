// The kinds of files, each with a folder of whole ones and its reader.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { defineModel, matmul, mean, parameter, UserError, zeros } from '@gradpool/core'
import { initialState, prediction } from '@gradpool/core/engine'
import {
  arrays,
  bytePairs,
  csv,
  encodeIdx,
  imageFolder,
  inMemory,
  jsonl,
  loadDataset,
  npy,
  parquet,
  prepareDataset,
  readInputs,
  splitReport,
  statisticsOf,
  stored,
  surveyFile,
  text,
  verifyStored,
} from '@gradpool/datasets'
import { defineExperiment } from '@gradpool/experiments'
import { HashIndex } from '@gradpool/hashing'
import { readDoneStage, readRun, stageSamples } from '@gradpool/orchestrator'
import {
  decodeNpz,
  decodeSafetensors,
  decodeSavedModel,
  encodeSafetensors,
  encodeSavedModel,
  namedStates,
  readRegular,
  sealJson,
  weightsHash,
} from '@gradpool/storage'
import { CheckpointStore, EpochRows } from '@gradpool/trainer'
import { doneIn, lastCheckpoint, openFitDirectory } from '../../packages/trainer/src/fit/fit-directory.ts'
import { writeStageFiles } from '../../packages/orchestrator/src/runs/stage-files.ts'
import { BlobCheckpoints } from '../../packages/queue/src/documents/blob-checkpoints.ts'
import { decodeOutcome, encodeOutcome } from '../../packages/queue/src/documents/outcome-document.ts'
import { decodePlan } from '../../packages/queue/src/documents/plan-document.ts'
import { StageData } from '../../packages/queue/src/jobs/stage-data.ts'
import { StoreDocuments } from '../../packages/queue/src/jobs/store-documents.ts'
import { MemoryStore } from '../../packages/queue/src/testing/memory-store.ts'
import { RUN_FORMAT_VERSION } from '../../packages/orchestrator/src/runs/run-format.ts'

const root = mkdtempSync(join(tmpdir(), 'gradpool-mutations-'))
const row = { epoch: 1, seconds: 1, loss: 1, accuracy: 0.5, validation: { loss: 1, accuracy: 0.5 } }
const numerics = 'exact'
const fields = { x: { dtype: 'f32', shape: [3] } }
const model = defineModel({
  params: { w: parameter([3, 2], zeros) },
  step: ({ w }, { x }) => ({ loss: mean(matmul(x, w)) }),
  predict: ({ w }, { x }) => ({ y: matmul(x, w) }),
})

function savedModel(first = 0) {
  const program = (rows) => prediction(model, { batchSize: rows, data: { fields, numExamples: rows } }).program
  const block = program(4)
  const states = namedStates(program(1), initialState(program(1), 0))
  states.get('w').values[0] = first
  const outputs = [{ name: 'y', dtype: 'f32', shape: [2] }]
  return encodeSavedModel({
    states,
    predict: { blockRows: 4, row: program(1), block, fields: [{ name: 'x', ...fields.x }], outputs },
    table: {
      columns: ['a', 'b', 'c'],
      categories: { b: ['d', 'e'] },
      missing: 'mean',
      classNames: ['f', 'g'],
      tokens: { kind: 'bytePairs', pairs: [[97, 98]] },
    },
    provenance: { gradpool: '0.2.0', seed: 1, options: { batchSize: 4 } },
    metrics: { loss: 0.5 },
  })
}

const hashOf = (digit) => String(digit).repeat(64)

async function writeStage(folder, digit) {
  const bytes = savedModel(digit)
  const states = decodeSavedModel(bytes, 'it').states
  const metrics = {
    stage: { name: 'a', hash: hashOf(digit), seed: 0, experiments: ['a'] },
    numerics,
    version: '0.2.0',
    seconds: 1.5,
    test: {
      loss: 1,
      accuracy: digit / 10,
      confusion: [
        [1, 2],
        [3, 4],
      ],
    },
    weightsHash: weightsHash(Object.fromEntries([...states].map(([name, { values }]) => [name, values]))),
    firstEpoch: hashOf(digit),
    bestEpoch: 1,
    epochs: [row, { ...row, epoch: 2 }],
    samples: [{ image: [1, 2], imageShape: [1, 2], truth: 3, estimate: 3 }],
  }
  await writeStageFiles(folder, metrics, bytes, savedModel(9))
}

async function writeRun(folder, digit) {
  const stages = [{ name: 'a', hash: hashOf(digit) }]
  const experiments = [{ name: 'a', seed: digit, config: {}, data: { name: 'm', hash: 'x' }, stages }]
  const record = {
    format: 'gradpool-run',
    formatVersion: RUN_FORMAT_VERSION,
    started: '2026-01-01T00:00:00.000Z',
    versions: { gradpool: '0.2.0' },
    engine: { name: 'wasm', description: '', numerics },
    workers: 2,
    record: { asked: ['a'], seed: [0] },
    experiments,
  }
  const done = [{ name: 'a', seed: digit, test: { loss: 1 }, accuracy: 0.5, stages: [{ ...stages[0], epochs: [row] }] }]
  const event = { type: 'warning', time: 't', message: 'm' }
  await writeStage(join(folder, 'stages', hashOf(digit)), digit)
  writeFileSync(join(folder, 'run.json'), sealJson(record))
  writeFileSync(join(folder, 'result.json'), sealJson({ run: 'r', engine: 'wasm', seconds: 1, experiments: done }))
  writeFileSync(join(folder, 'events.jsonl'), `${JSON.stringify(event)}\n{"type":"resumed","time":"t"}\n`)
}

async function writeCheckpoint(folder, digit) {
  const epochs = new EpochRows()
  epochs.push(row)
  const states = new Map([['a', { shape: [4], values: new Float32Array(4).fill(digit) }]])
  const position = { step: 1, since: 0, sums: { loss: Float64Array.of(digit, NaN) }, rows: {}, lastLoss: 1 }
  const best = { epoch: 1, states }
  await new CheckpointStore(folder).save({ hash: hashOf(digit), numerics, position, epochs, seconds: 1, states, best })
}

/** What is told of a checkpoint or a training that is left aside must be sentences for people, too. */
async function orRefused(read) {
  const told = []
  const value = await read((message) => told.push(message))
  if (told.length === 0) return value
  if (value !== undefined) throw new Error(`both a value and: ${told.join('; ')}`)
  throw new UserError(told.join('; '))
}

async function writeTraining(folder, digit) {
  const checkpoints = await openFitDirectory(folder, { hash: hashOf(digit), numerics })
  const program = prediction(model, { batchSize: 1, data: { fields, numExamples: 1 } })
  const states = { w: new Float32Array(6).fill(digit) }
  const done = { states, history: [row], bestEpoch: 1, seconds: 1, reason: 'epochs' }
  await checkpoints.save(lastCheckpoint(done, { hash: hashOf(digit), training: { program } }, numerics))
}

async function writeIndex(folder, digit) {
  mkdirSync(folder, { recursive: true })
  const index = HashIndex.create({ bits: 2, model: { name: 'a', hash: hashOf(digit) }, encoder: savedModel(digit) })
  index.add({ codes: Float32Array.of(0, 0.5, 1, 0.25, 0.75, 1), labels: [1, 2, 3] })
  await index.save(join(folder, 'x.index'))
}

const dataNames = [
  'train-images-idx3-ubyte',
  't10k-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-labels-idx1-ubyte',
]

function writeData(folder, digit, suffix = '') {
  mkdirSync(folder, { recursive: true })
  const values = Uint8Array.from({ length: 192 }, (_, i) => i + digit)
  const pixels = encodeIdx({ dims: [12, 4, 4], values })
  const labels = encodeIdx({ dims: [12], values: Uint8Array.from({ length: 12 }, (_, i) => i % 10) })
  dataNames.forEach((name, at) => {
    const bytes = at < 2 ? pixels : labels
    writeFileSync(join(folder, name + suffix), suffix === '' ? bytes : gzipSync(bytes))
  })
}

const dataOf = (directory) =>
  loadDataset({ kind: 'idxFolder', directory, classes: 10, labelled: 1, validation: 2, splitSeed: 0 })

function writeOne(name, bytesOf) {
  return (folder, digit) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), bytesOf(digit))
  }
}

const tensorsOf = (digit) =>
  encodeSafetensors({
    tensors: new Map([
      ['a', { shape: [2, 3], values: new Float32Array(6).fill(digit) }],
      ['b', { shape: [4], values: new Float32Array(4) }],
    ]),
    metadata: { stage: 'x' },
  })

const config = JSON.stringify({
  name: 'a',
  data: { kind: 'mnist', labelled: 0.5 },
  train: { epochs: 3, batchSize: 10, optimizer: { kind: 'adam', learningRate: 0.001 } },
  stages: [
    { kind: 'autoencode', encoder: [8], decoder: [784] },
    { kind: 'classify', hidden: [10], encoder: 'frozen' },
  ],
})

const houses = (digit) =>
  Array.from({ length: 12 }, (_, i) => ({
    size: 40 + i * 1.5,
    'year, "built"': 1990 + i,
    kind: i % 3 ? 'flat' : `h${digit}`,
  }))

function csvOf(digit) {
  const rows = houses(digit).map((row) => Object.values(row).map((cell, at) => (at === 2 ? `"${cell}\n"` : cell)))
  return ['size,"year, ""built""",kind', ...rows.map((row) => row.join(','))].join('\r\n')
}

const jsonlOf = (digit) =>
  houses(digit)
    .map((row) => JSON.stringify(row))
    .join('\n')

/** What is learnt from a table, and what is told of it. */
async function tableOf(spec) {
  const { fields, classNames, columns } = await loadDataset(spec)
  return { fields, classNames, columns, survey: await surveyFile(spec.path) }
}

const textOf = (digit) => `wal ${digit} — 🐋 wale ${digit}\r\n`.repeat(12)

/** What is learnt of a text by characters, and by pairs of bytes, and what is told of it. */
async function textIn(path) {
  const shape = { length: 4, stride: 3, validation: 0.1, test: 0.2, unknown: 'token' }
  const [characters, pairs] = [
    await loadDataset(text(path, shape)),
    await loadDataset(text(path, { ...shape, length: 2, tokens: bytePairs(300) })),
  ]
  const lines = await loadDataset(text(path, { rows: 'lines', length: 9, test: 0.3, unknown: 'token' }))
  const told = ({ splits, tokens, classes }) => ({ splits, tokens, classes })
  return { characters: told(characters), pairs: told(pairs), lines: told(lines), survey: await surveyFile(path) }
}

/** The same as inputs: categories by their names, missing values for a model, groups to split by, rows to predict. */
async function preparedOf(spec) {
  const dataset = await loadDataset(spec)
  const { fields, columns, categories } = dataset
  const { mean, median, mostFrequent } = statisticsOf(dataset, 'x')
  const inputs = await readInputs(spec.path, dataset)
  return { fields, columns, categories, inputs, mean, median, mostFrequent, report: splitReport(dataset) }
}

const storedFields = {
  x: { values: Float32Array.from({ length: 40 }, (_, i) => i / 8), shape: [2] },
  label: { values: Uint8Array.from({ length: 20 }, (_, i) => i % 5), shape: [] },
}
/** Those of fields and of hashes of rows, which have the same names wherever they are. */
const storedNames = join(root, 'names')
await prepareDataset(arrays(storedFields), storedNames)
const storedFiles = readdirSync(storedNames).filter((name) => name !== 'dataset.json')

/** Lists of different lengths, some of them with a text beside. */
const listsOf = (digit) =>
  [[1, 2.5, digit], [3], [-4e2, 5]].map((x, row) => JSON.stringify({ x, kind: ['rose', 'aster'][row % 2] })).join('\n')

/** What is trained on, whether or not it was verified, and what it was when it was written. */
async function storedIn(folder) {
  const { splits, hash } = await loadDataset(stored(folder, { test: 3 }))
  const rows = inMemory(splits.train, ['x', 'label'])
  await verifyStored(folder)
  return { hash, fields: rows.fields, rows: rows.rows }
}

function npyOf(digit) {
  const header = "{'descr': '<f4', 'fortran_order': True, 'shape': (6, 2), }".padEnd(117)
  const values = Buffer.from(new Float32Array(12).fill(digit).buffer)
  return Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]), Buffer.from(`${header}\n`), values])
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError('it is not JSON', { cause })
  }
}

const stageFolder = join('stages', hashOf(1))

/**
 * `write(folder, digit)`, `read(folder)`; `isStrict`: whatever is read was written; `isAlone`: another whole file is as
 * good; `isSealed(name)`: it has a checksum of its own; `mayMiss`: files that need not be there.
 */
const kinds = {
  run: {
    names: ['run.json', 'result.json', join(stageFolder, 'done'), join(stageFolder, 'metrics.json')],
    write: writeRun,
    async read(folder) {
      const { record, result } = await readRun(folder)
      return { record, result, samples: await stageSamples(folder, record) }
    },
    isStrict: true,
    isSealed: (name) => !name.endsWith('metrics.json'),
    mayMiss: ['result.json', join(stageFolder, 'done')],
  },
  log: { names: ['events.jsonl'], write: writeRun, read: readRun, mayMiss: ['events.jsonl'] },
  stage: {
    names: ['done', 'metrics.json', 'model.gradpool', 'best.gradpool'],
    write: writeStage,
    async read(folder) {
      return { ...(await readDoneStage(folder, { hash: hashOf(1), numerics })) }
    },
    isStrict: true,
    isSealed: (name) => name === 'done',
    mayMiss: ['done'],
  },
  checkpoint: {
    names: ['1.json', '1.safetensors', 'best-1.safetensors', 'epochs.f64'],
    write: writeCheckpoint,
    read: (folder) => orRefused((tell) => new CheckpointStore(folder).latest({ hash: hashOf(1), numerics }, tell)),
    isStrict: true,
    isSealed: (name) => name === '1.json',
    mayMiss: ['1.json'],
  },
  training: {
    names: ['training.json', ...['1.json', '1.safetensors', 'epochs.f64'].map((name) => join('checkpoints', name))],
    write: writeTraining,
    read: (folder) =>
      orRefused(async (tell) => {
        const identity = { hash: hashOf(1), numerics }
        return doneIn(await (await openFitDirectory(folder, identity)).latest(identity, tell))
      }),
    isStrict: true,
    isSealed: (name) => name.endsWith('.json'),
    mayMiss: ['training.json', join('checkpoints', '1.json')],
  },
  model: {
    names: ['x.gradpool'],
    write: writeOne('x.gradpool', savedModel),
    async read(folder) {
      const path = join(folder, 'x.gradpool')
      const { hash, states, predict } = decodeSavedModel(await orSentence(readRegular(path)), `'${path}'`)
      return { hash, states, predict: JSON.stringify(predict) }
    },
    isStrict: true,
    isAlone: true,
  },
  safetensors: {
    names: ['x.safetensors'],
    write: writeOne('x.safetensors', tensorsOf),
    async read(folder) {
      return decodeSafetensors(await orSentence(readRegular(join(folder, 'x.safetensors'))), 'it')
    },
  },
  npz: {
    names: ['x.npz'],
    write: writeOne('x.npz', () =>
      readFileSync(new URL('../../tools/oracles/weights_torch/numbers.npz', import.meta.url)),
    ),
    async read(folder) {
      return decodeNpz(await orSentence(readRegular(join(folder, 'x.npz'))), 'it')
    },
  },
  csv: {
    names: ['x.csv'],
    write: writeOne('x.csv', csvOf),
    read: (folder) => tableOf(csv(join(folder, 'x.csv'), { target: 'kind', missing: 'drop' })),
  },
  categories: {
    names: ['x.csv'],
    write: writeOne('x.csv', csvOf),
    read: (folder) =>
      preparedOf(csv(join(folder, 'x.csv'), { missing: 'mean', splitBy: { group: 'size' }, test: 1, validation: 1 })),
  },
  inputs: {
    names: ['x.jsonl'],
    write: writeOne('x.jsonl', jsonlOf),
    read: (folder) => preparedOf(jsonl(join(folder, 'x.jsonl'), { missing: 'median', unknown: 'zeros' })),
  },
  jsonl: {
    names: ['x.jsonl'],
    write: writeOne('x.jsonl', jsonlOf),
    read: (folder) => tableOf(jsonl(join(folder, 'x.jsonl'), { target: 'kind' })),
  },
  lists: {
    names: ['x.jsonl'],
    write: writeOne('x.jsonl', listsOf),
    read: (folder) =>
      loadDataset(jsonl(join(folder, 'x.jsonl'), { target: 'kind', sequences: { x: 'f32' }, maxLength: 4 })),
  },
  parquet: {
    names: ['x.parquet'],
    write: writeOne('x.parquet', (digit) =>
      readFileSync(
        new URL(`../../tools/oracles/parquet_pyarrow/${['snappy', 'delta'][digit % 2]}.parquet`, import.meta.url),
      ),
    ),
    read: (folder) => tableOf(parquet(join(folder, 'x.parquet'), { columns: ['size', 'count'], target: 'kind' })),
  },
  images: {
    names: ['aster/rgb.png', 'rose/rgb.jpg'],
    write(folder, digit) {
      for (const [name, others] of [
        ['aster', ['rgb.png', 'palette.png']],
        ['rose', ['rgb.jpg', 'turned.jpg']],
      ]) {
        mkdirSync(join(folder, name), { recursive: true })
        const file = new URL(`../../tools/oracles/images_pillow/${name}/${others[digit % 2]}`, import.meta.url)
        writeFileSync(join(folder, name, others[0]), readFileSync(file))
      }
    },
    async read(folder) {
      const { fields, classNames } = await loadDataset(imageFolder(folder, { size: [6, 8] }))
      return { fields, classNames }
    },
  },
  text: {
    names: ['x.txt'],
    write: writeOne('x.txt', textOf),
    read: (folder) => textIn(join(folder, 'x.txt')),
  },
  stored: {
    names: ['dataset.json', ...storedFiles].map((name) => join('set', name)),
    // Files of fields are named by their hash, so another set differs in names of columns.
    write: (folder, digit) =>
      prepareDataset(arrays(storedFields, { columns: ['a', `b${digit}`] }), join(folder, 'set')),
    read: (folder) => storedIn(join(folder, 'set')),
    isStrict: true,
    isAlone: true,
    isSealed: (name) => name.endsWith('.json'),
  },
  npy: {
    names: ['x.npy'],
    write: writeOne('x.npy', npyOf),
    read: (folder) => loadDataset(npy({ x: join(folder, 'x.npy') })),
  },
  index: {
    names: ['x.index'],
    write: writeIndex,
    async read(folder) {
      const index = await HashIndex.load(join(folder, 'x.index'))
      const { bits, size, model, encoder } = index
      return { bits, size, model, encoder, found: index.searchHamming(Float32Array.of(1, 0), { k: 3 }) }
    },
    isStrict: true,
    isAlone: true,
  },
  idx: { names: dataNames, write: writeData, read: dataOf },
  gzip: {
    names: dataNames.map((name) => `${name}.gz`),
    write: (folder, digit) => writeData(folder, digit, '.gz'),
    read: dataOf,
  },
  plan: {
    names: ['plan.json', 'program.json'],
    write: writePlan,
    read: planIn,
  },
  outcome: {
    names: ['x.outcome'],
    write: writeOne('x.outcome', outcomeOf),
    read: async (folder) =>
      decodeOutcome(
        await orSentence(readRegular(join(folder, 'x.outcome'))),
        { stage: hashOf(0), numerics },
        'the outcome',
      ),
  },
  record: {
    names: ['name', 'record', 'states', 'rows', 'best'],
    write: writeBlobCheckpoint,
    read: blobCheckpointIn,
    isStrict: true,
    isAlone: true,
  },
  config: {
    names: ['config.json'],
    write: writeOne('config.json', () => config),
    async read(folder) {
      return defineExperiment(parsed(String(await orSentence(readRegular(join(folder, 'config.json'))))))
    },
  },
}

const passOf = (digit) => {
  const x = { ...fields.x, values: Float32Array.from({ length: 24 }, (_, i) => i + digit) }
  const rows = Int32Array.from({ length: 8 }, (_, i) => (i * 3) % 8)
  return {
    program: prediction(model, { batchSize: 4, data: { fields, numExamples: 8 } }),
    data: { fields: { x }, rows },
  }
}

const trainingPlanOf = (digit) => ({
  name: 'a',
  hash: hashOf(digit),
  seed: digit,
  epochs: 3,
  keep: 'best',
  work: 1,
  monitor: { name: 'loss', mode: 'min' },
  earlyStopping: { monitor: { name: 'loss', mode: 'min' }, patience: 2, minDelta: 0 },
  training: passOf(digit),
  test: passOf(digit),
  initFrom: hashOf(5),
  transferredStates: ['w'],
})

/** What does not change is in the store. */
const planStore = new MemoryStore()

async function writePlan(folder, digit) {
  const plan = trainingPlanOf(digit)
  const { inline } = await new StoreDocuments(planStore, numerics).encodePlan(plan)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'plan.json'), Buffer.from(inline, 'base64'))
  writeFileSync(join(folder, 'program.json'), JSON.stringify(plan.training.program.program))
}

/** A store whose Programs are those of the folder, whatever their hash. */
async function planIn(folder) {
  const [plan, program] = await Promise.all(
    ['plan.json', 'program.json'].map((name) => orSentence(readRegular(join(folder, name)))),
  )
  const store = {
    address: 'the store',
    get: async (hash, most) => {
      const bytes = await planStore.get(hash, most)
      return bytes[0] === 0x7b ? program : bytes
    },
  }
  const document = decodePlan(plan, 'the plan')
  const asRead = (blob) => blob && { ...blob, bytes: program.length }
  for (const pass of document.passes.values()) {
    pass.batches.program = asRead(pass.batches.program)
    pass.tail = asRead(pass.tail)
  }
  const data = new StageData({ engine: { allocate: (numBytes) => new Uint8Array(numBytes) }, mostBytes: 1e6 })
  const { plan: read, release } = await data.load(document, store, 'the plan')
  release()
  return read
}

function outcomeOf(digit) {
  const program = prediction(model, { batchSize: 4, data: { fields, numExamples: 8 } })
  const state = { w: Float32Array.of(digit, 1, 2, 3, 4, NaN) }
  const outcome = {
    status: 'done',
    epochs: [row, { ...row, epoch: 2, loss: NaN }],
    seconds: 1.5,
    test: { loss: 1, confusion: [[1, 2]] },
    predictions: { y: Float32Array.of(1, digit) },
    epoch: 2,
    state,
    firstEpoch: hashOf(digit),
    best: { epoch: 1, states: new Map([['w', { shape: [3, 2], values: state.w }]]) },
  }
  return encodeOutcome(outcome, { plan: { ...trainingPlanOf(0), training: { program } }, numerics })
}

const checkpointName = `checkpoints/${numerics}/${hashOf(1)}`

/** The blobs of a checkpoint by what they are, as the folder has them. */
async function writeBlobCheckpoint(folder, digit) {
  const store = new MemoryStore()
  const epochs = new EpochRows()
  epochs.push(row)
  const statesOf = (first) => new Map([['w', { shape: [2], values: Float32Array.of(first, digit) }]])
  await new BlobCheckpoints(store, { stage: hashOf(1), numerics }, 1e6).save({
    hash: hashOf(1),
    numerics,
    seconds: 1,
    firstEpoch: hashOf(digit),
    epochs: epochs.snapshot(),
    position: { step: 7, since: 5, sums: { loss: Float64Array.of(digit) }, rows: {}, lastLoss: NaN },
    states: statesOf(2),
    best: { epoch: 1, states: statesOf(1) },
  })
  const [states, rows, best, record] = [...store.blobs.values()]
  mkdirSync(folder, { recursive: true })
  const files = { name: store.names.get(checkpointName), record, states, rows, best }
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
}

async function blobCheckpointIn(folder) {
  const store = new MemoryStore()
  const parts = ['record', 'states', 'rows', 'best']
  for (const part of parts) await store.put(await orSentence(readRegular(join(folder, part))))
  store.names.set(checkpointName, await orSentence(readRegular(join(folder, 'name'))))
  let told
  const found = await new BlobCheckpoints(store, { stage: hashOf(1), numerics }, 1e6).latest(
    { hash: hashOf(1), numerics },
    (message) => {
      told = message
    },
  )
  if (found === undefined) throw new UserError(told ?? 'there is none')
  return { ...found, epochs: [...found.epochs] }
}

export const names = Object.keys(kinds)

/** As commands do for a file that is not there. */
async function orSentence(reading) {
  try {
    return await reading
  } catch (error) {
    throw error.code === 'ENOENT' ? new UserError('there is no such file') : error
  }
}

/** Whole files in a folder, and others of the same names that may be exchanged for them. */
export async function makeKind(name) {
  const { names, write, read, ...rest } = kinds[name]
  const [folder, beside] = [join(root, 'one'), join(root, 'other')]
  await write(folder, 1)
  await write(beside, 2)
  const bytesIn = (place, digit) =>
    Object.fromEntries(names.map((each) => [each, readFileSync(join(place, each.replace(hashOf(1), hashOf(digit))))]))
  mkdirSync(dirname(folder), { recursive: true })
  return { root, folder, files: bytesIn(folder, 1), others: bytesIn(beside, 2), read: () => read(folder), ...rest }
}
