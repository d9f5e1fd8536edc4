import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeRun } from '../testing/made-runs.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { INDEX_FILE, listRuns, RunList } from './list-runs.js'
import { changeLabels } from './run-labels.js'

const namesOf = async (parent: string) => (await listRuns(parent)).map(({ name }) => name)

it('lists runs in the order of time, with what came of them', async () => {
  const parent = await temporaryFolder()
  makeRun(parent, { name: 'a', started: '2026-02-01T00:00:00.000Z', seeds: [0, 1], accuracy: (seed) => seed / 4 })
  makeRun(parent, { name: 'b', isOver: false, epochs: 1 })
  await mkdir(join(parent, 'no-run'))
  const [b, a] = await listRuns(parent)
  expect(a).toMatchObject({ name: 'a', status: 'done', seconds: 2.5, engine: 'wasm', tags: [], note: '' })
  expect(a?.experiments.map(({ metrics }) => metrics['test.accuracy'])).toEqual([0, 0.25])
  expect(a?.experiments[0]?.metrics).toMatchObject({ 'training.loss': 0.5, 'validation.loss': 0.6 })
  expect(b).toMatchObject({ name: 'b', status: 'cut off', seconds: null, experiments: [{ epochs: 1, seconds: null }] })
  expect(await listRuns(join(parent, 'nowhere'))).toEqual([])
})

it('tells the same from the index, and sees every change of a file', async () => {
  const parent = await temporaryFolder()
  const directory = makeRun(parent, { name: 'a', isOver: false, epochs: 1 })
  makeRun(parent, { name: 'b', started: '2026-02-01T00:00:00.000Z' })
  const first = await listRuns(parent)
  const written = await stat(join(parent, INDEX_FILE))
  expect(await listRuns(parent)).toEqual(first)
  expect((await stat(join(parent, INDEX_FILE))).mtimeMs).toBe(written.mtimeMs)

  const row = { epoch: 2, seconds: 1, loss: 0.125, validation: { loss: 0.2 } }
  const stage = { hash: 'mine-0', name: 'classify', seed: 0, experiments: ['mine'] }
  const event = { time: '2026-01-01T00:00:00.000Z', type: 'epoch', stage, row, elapsedSeconds: 2 }
  await appendFile(join(directory, 'events.jsonl'), `${JSON.stringify(event)}\n`)
  expect((await listRuns(parent))[0]).toMatchObject({
    experiments: [{ epochs: 2, metrics: { 'training.loss': 0.125 } }],
  })

  await changeLabels(directory, { add: ['best'], note: 'one to keep' })
  expect((await listRuns(parent))[0]).toMatchObject({ tags: ['best'], note: 'one to keep' })
  makeRun(parent, { name: 'a', accuracy: () => 0.5 })
  expect((await listRuns(parent))[0]).toMatchObject({
    status: 'done',
    experiments: [{ metrics: { 'test.accuracy': 0.5 } }],
  })
  await rm(directory, { recursive: true })
  expect(await namesOf(parent)).toEqual(['b'])
  expect(String(await readFile(join(parent, INDEX_FILE)))).not.toContain('one to keep')
})

it('sees a file of the same size, were its time put back', async () => {
  const parent = await temporaryFolder()
  const directory = makeRun(parent, { name: 'a', accuracy: () => 0.25 })
  const path = join(directory, 'result.json')
  const { atime, mtime } = await stat(path)
  await utimes(path, atime, mtime)
  await listRuns(parent)
  makeRun(parent, { name: 'a', accuracy: () => 0.75 })
  await utimes(path, atime, mtime)
  expect((await listRuns(parent))[0]).toMatchObject({ experiments: [{ metrics: { 'test.accuracy': 0.75 } }] })
})

it('makes an index again, without a word, that is damaged, of another version or no file', async () => {
  const parent = await temporaryFolder()
  makeRun(parent, { name: 'a' })
  const first = await listRuns(parent)
  const path = join(parent, INDEX_FILE)
  const whole = String(await readFile(path))
  const damages = [
    () => truncate(path, 100),
    () => writeFile(path, whole.replace('"done"', '"fail"')),
    () => writeFile(path, whole.replace('"formatVersion":1', '"formatVersion":9')),
    () => writeFile(path, ''),
    () => writeFile(path, 'null'),
  ]
  for (const damage of damages) {
    await damage()
    const told: string[] = []
    expect(await listRuns(parent, (message) => told.push(message))).toEqual(first)
    expect(told).toEqual([])
    expect(String(await readFile(path))).toBe(whole)
  }
  await rm(path)
  await mkdir(path)
  expect(await listRuns(parent)).toEqual(first)
})

it('tells each time of runs whose files are damaged, and lists the others', async () => {
  const parent = await temporaryFolder()
  const directory = makeRun(parent, { name: 'a' })
  makeRun(parent, { name: 'b' })
  await writeFile(join(directory, 'result.json'), '{}')
  await changeLabels(join(parent, 'b'), { add: ['x'] })
  await appendFile(join(parent, 'b', 'labels.json'), ' ')
  for (let time = 0; time < 2; time++) {
    const told: string[] = []
    const runs = await listRuns(parent, (message) => told.push(message))
    expect(runs).toMatchObject([{ name: 'b', tags: [] }])
    expect(told).toEqual([
      `'${join(directory, 'result.json')}' is not as it was written`,
      `'${join(parent, 'b', 'labels.json')}' is not as it was written`,
    ])
  }
})

it('lists the same to several at once, and leaves no file behind', async () => {
  const parent = await temporaryFolder()
  for (let at = 0; at < 20; at++) makeRun(parent, { name: `run-${at}` })
  const lists = await Promise.all(Array.from({ length: 4 }, () => listRuns(parent)))
  for (const list of lists) expect(list).toEqual(lists[0])
  expect(lists[0]).toHaveLength(20)
  expect((await readdir(parent)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(await listRuns(parent)).toEqual(lists[0])
})

it('lists a thousand runs from the index in less than 0.3 s of the processor', async () => {
  const parent = await temporaryFolder()
  const trainOf = (at: number) => ({ epochs: at, batchSize: 32, learningRate: 1 / (at + 1) })
  for (let at = 0; at < 1000; at++) makeRun(parent, { name: `run-${at}`, train: trainOf(at) })
  await listRuns(parent)
  const seconds = []
  for (let time = 0; time < 3; time++) {
    const before = process.cpuUsage()
    expect(await listRuns(parent)).toHaveLength(1000)
    const { user, system } = process.cpuUsage(before)
    seconds.push((user + system) / 1e6)
  }
  expect(Math.min(...seconds)).toBeLessThan(0.3)
})

it('follows a run that goes on without writing its index, until the run has ended', async () => {
  const parent = await temporaryFolder()
  const directory = makeRun(parent, { name: 'a', isOver: false, epochs: 1 })
  const list = new RunList(parent)
  await list.read()
  const written = await stat(join(parent, INDEX_FILE))
  const stage = { hash: 'mine-0', name: 'classify', seed: 0, experiments: ['mine'] }
  for (let epoch = 2; epoch < 5; epoch++) {
    const event = {
      time: '2026-01-01T00:00:00.000Z',
      type: 'epoch',
      stage,
      row: { epoch, seconds: 1, loss: 1 / epoch },
    }
    await appendFile(join(directory, 'events.jsonl'), `${JSON.stringify(event)}\n`)
    expect(await list.read()).toMatchObject([
      { experiments: [{ epochs: epoch, metrics: { 'training.loss': 1 / epoch } }] },
    ])
  }
  expect((await stat(join(parent, INDEX_FILE))).mtimeMs).toBe(written.mtimeMs)
  expect(await list.read()).toEqual(await listRuns(parent))
  makeRun(parent, { name: 'a', accuracy: () => 0.5 })
  expect(await list.read()).toMatchObject([{ status: 'done', experiments: [{ metrics: { 'test.accuracy': 0.5 } }] }])
  expect((await stat(join(parent, INDEX_FILE))).mtimeMs).toBeGreaterThan(written.mtimeMs)
})
