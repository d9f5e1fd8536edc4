import { UserError } from '@gradpool/core'
import { Mutations } from '@gradpool/engine-contract/mutations'
import { findExperiments, planExperiment, withOverrides } from '@gradpool/experiments'
import { sha256 } from '@gradpool/storage'
import { EpochRows, type Checkpoint } from '@gradpool/trainer'
import { describe, expect, it } from 'vitest'
import { StageData } from '../jobs/stage-data.js'
import { StoreDocuments } from '../jobs/store-documents.js'
import { imagesDataset } from '../testing/images.js'
import { MemoryStore } from '../testing/memory-store.js'
import { BlobCheckpoints } from './blob-checkpoints.js'
import { isContent, putContent, readContent } from './content.js'
import { checkOutcome, decodeOutcome, encodeOutcome, type FinalOutcome } from './outcome-document.js'
import { decodePlan } from './plan-document.js'

const dataset = imagesDataset()
const numerics = 'exact-2'
const where = 'the document'

function planOf(name: string, overrides: readonly string[] = []) {
  const [config] = findExperiments([name])
  if (config === undefined) throw new Error('there is one')
  const plan = planExperiment(withOverrides(config, ['train.epochs=2', ...overrides]), { dataset, seed: 7 }).stages.at(
    -1,
  )
  if (plan === undefined) throw new Error('there is a stage')
  return plan
}

async function writtenPlan(plan: ReturnType<typeof planOf>) {
  const store = new MemoryStore()
  const content = await new StoreDocuments(store, numerics).encodePlan(plan)
  return { store, bytes: await readContent(store, content, 2 ** 20) }
}

const engine = { allocate: (numBytes: number) => new Uint8Array(numBytes) }

describe('a plan', () => {
  it.each([
    ['mnist_mlp_1p', []],
    ['mnist_auto_1', ['train.earlyStopping={"patience":2}', 'train.keep=best']],
    ['mnist_mlp_all', ['train.averageEvery=3']],
    ['mnist_mlp_all', ['train.microBatches=2']],
  ])('%s is the same once it is read', async (name, overrides) => {
    const plan = planOf(name, overrides)
    const { store, bytes } = await writtenPlan(plan)
    const { plan: read } = await new StageData({ engine, mostBytes: 2 ** 30 }).load(
      decodePlan(bytes, where),
      store,
      where,
    )
    const passes = (of: typeof read) =>
      [of.training, of.validation, of.test, of.predictions, ...(of.averaging?.replicas ?? [])].map(
        (pass) =>
          pass && {
            ...pass.program,
            microBatches: pass.program.microBatches ?? 1,
            program: pass.program.program.hash,
            tail: pass.program.tail?.hash,
            rows: [...pass.data.rows],
            // Those that it reads.
            fields: Object.fromEntries(
              pass.program.program.fields.map(({ name: field }) => {
                const { dtype, shape, values } = pass.data.fields[field] ?? {
                  dtype: '',
                  shape: [],
                  values: new Uint8Array(),
                }
                return [
                  field,
                  { dtype, shape, values: sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) },
                ]
              }),
            ),
          },
      )
    expect(passes(read)).toEqual(passes(plan))
    const rest = ({ name: title, hash, seed, epochs, keep, work, ...its }: typeof read) => {
      const { monitor, earlyStopping, initFrom, transferredStates, averaging } = its
      return {
        title,
        hash,
        seed,
        epochs,
        keep,
        work,
        monitor,
        earlyStopping,
        initFrom,
        transferredStates,
        every: averaging?.every,
      }
    }
    expect(rest(read)).toEqual(rest(plan))
  })

  it('that is changed is refused, or is a plan', async () => {
    const { store, bytes } = await writtenPlan(planOf('mnist_auto_1', ['train.earlyStopping={"patience":2}']))
    const data = new StageData({ engine, mostBytes: 2 ** 30 })
    const whole = Buffer.from(bytes).toString()
    let refused = 0
    for (let seed = 0; seed < 1500; seed++) {
      const mutations = new Mutations(seed)
      const changed = seed % 2 === 0 ? mutations.bytes(bytes) : Buffer.from(mutations.json(whole))
      try {
        const loaded = await data.load(decodePlan(changed, where), store, where)
        expect(loaded.plan.training.data.rows.length).toBe(loaded.plan.training.program.numExamples)
        loaded.release()
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(700)
  })
})

function outcomeOf(plan: ReturnType<typeof planOf>): FinalOutcome {
  const { program } = plan.training.program
  const state = Object.fromEntries(
    program.states.map(({ name, shape }, at) => [
      name,
      new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(at + 0.5),
    ]),
  )
  const row = (epoch: number) => ({ epoch, seconds: 0.25, loss: epoch === 2 ? NaN : 1 / 3, accuracy: -Infinity })
  return {
    status: 'done',
    epochs: [row(1), { ...row(2), validation: { loss: Infinity, confusion: [[1, NaN]] } }],
    seconds: 1.5,
    test: { loss: 0.1, confusion: [[1, 2]] },
    predictions: Object.fromEntries(
      (plan.predictions?.program.program.results ?? []).map(({ name }) => [name, Float32Array.of(1, NaN, 3)]),
    ),
    epoch: 2,
    state,
    firstEpoch: sha256('first'),
    best: {
      epoch: 1,
      states: new Map(
        program.states.map(({ name, shape }) => [name, { shape, values: state[name] ?? new Float32Array() }]),
      ),
    },
  }
}

describe('an outcome', () => {
  const plan = planOf('mnist_mlp_1p')
  const of = { stage: plan.hash, numerics }
  const outcome = outcomeOf(plan)
  const bytes = encodeOutcome(outcome, { plan, numerics })

  it('is the same once it is read, with what is not finite', () => {
    expect(decodeOutcome(bytes, of, where)).toEqual(outcome)
    expect(() => checkOutcome(outcome, plan, where)).not.toThrow()
    const failed: FinalOutcome = { status: 'failed', error: 'no', mayRetry: false, epochs: [], seconds: 0 }
    expect(decodeOutcome(encodeOutcome(failed, { plan, numerics }), of, where)).toEqual(failed)
  })

  it('of another stage, or of another plan, is refused in one sentence', () => {
    expect(() => decodeOutcome(bytes, { ...of, numerics: 'exact-1' }, where)).toThrow(
      'the document is of another stage',
    )
    expect(() => decodeOutcome(bytes, { ...of, stage: sha256('') }, where)).toThrow('the document is of another stage')
    expect(() => checkOutcome(outcome, planOf('mnist_auto_2'), where)).toThrow(
      'the document is not of the plan of its stage',
    )
  })

  it('that is changed is refused, or is an outcome of the stage', () => {
    let refused = 0
    for (let seed = 0; seed < 1500; seed++) {
      // Most of it are values, so what is changed is the header.
      const header = bytes.subarray(0, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true)))
      const changed = Buffer.concat([new Mutations(seed).bytes(header), bytes.subarray(header.length)])
      try {
        expect(decodeOutcome(changed, of, where).status).toMatch(/^(done|failed)$/)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })
})

describe('a checkpoint', () => {
  const stage = sha256('stage')
  const wanted = { hash: stage, numerics }
  const rows = new EpochRows()
  rows.push({ epoch: 1, seconds: 1, loss: 0.5 })
  const after = (step: number): Checkpoint => ({
    hash: stage,
    numerics,
    position: { step, since: 0, sums: { loss: Float64Array.of(NaN) }, rows: {}, lastLoss: NaN },
    epochs: rows.snapshot(),
    seconds: 2,
    firstEpoch: sha256('first'),
    states: new Map([['w', { shape: [2], values: Float32Array.of(step, 2) }]]),
    best: { epoch: 1, states: new Map([['w', { shape: [2], values: Float32Array.of(1, 2) }]]) },
  })
  const of = { stage, numerics }
  const saved = async (...steps: number[]) => {
    const store = new MemoryStore()
    const checkpoints = new BlobCheckpoints(store, of, 2 ** 20)
    for (const step of steps) await checkpoints.save(after(step))
    return { store, checkpoints }
  }

  it('is the same once it is read by another worker, and the one before it is gone', async () => {
    const { store } = await saved(3, 5)
    const read = await new BlobCheckpoints(store, of, 2 ** 20).latest(wanted, (message) => expect.fail(message))
    expect(read && { ...read, epochs: [...read.epochs] }).toEqual({ ...after(5), epochs: [...rows] })
    // Record, states, rows, and the best.
    expect(store.blobs.size).toBe(4)
  })

  it('goes with all it has', async () => {
    const { store } = await saved(3)
    const other = new BlobCheckpoints(store, of, 2 ** 20)
    await other.latest(wanted, (message) => expect.fail(message))
    await other.clear()
    expect([store.blobs.size, store.names.size]).toEqual([0, 0])
  })

  it('that is damaged, missing in part or too large is told of and left aside; a store that fails is not', async () => {
    const { store } = await saved(3)
    const told: string[] = []
    const look = (most = 2 ** 20) =>
      new BlobCheckpoints(store, of, most).latest(wanted, (message) => told.push(message))
    expect(await look(10)).toBeUndefined()
    for (const [hash, bytes] of [...store.blobs]) {
      store.blobs.set(hash, bytes.slice(1))
      expect(await look()).toBeUndefined()
      store.blobs.delete(hash)
      expect(await look()).toBeUndefined()
      store.blobs.set(hash, bytes)
    }
    expect(told).toHaveLength(9)
    for (const message of told) expect(message).toMatch(/^[^\n]+; it is trained from its beginning$/)
    expect(await look()).toBeDefined()
    store.failure = 'no answer'
    await expect(look()).rejects.toThrow('no answer')
  })
})

it('content is what it says, and no more than may be read', async () => {
  const store = new MemoryStore()
  const inline = await putContent(store, Uint8Array.of(1, 2, 3))
  const blob = await putContent(store, new Uint8Array(20_000))
  expect([inline, 'blob' in blob]).toEqual([{ inline: 'AQID' }, true])
  expect(await readContent(store, inline, 10)).toEqual(Buffer.of(1, 2, 3))
  await expect(readContent(store, blob, 10)).rejects.toThrow(/ has 20000 bytes, and 10 is the most that are read$/)
  await expect(readContent(store, { ...blob, bytes: 5 }, 10)).rejects.toThrow(/more than 5$/)
  await expect(readContent(store, { ...blob, bytes: 30_000 }, 30_000)).rejects.toThrow(/ has 20000 bytes, not 30000$/)
  for (const no of [
    null,
    {},
    { inline: 'AQI' },
    { inline: '\n' },
    { blob: 'x', bytes: 1 },
    { inline: 'A'.repeat(2 ** 20) },
  ]) {
    expect(isContent(no)).toBe(false)
  }
})
