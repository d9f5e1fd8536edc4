/** What nothing refers to is found and removed; what Gradpool did not make is reported and left alone. */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findGarbage, removeGarbage } from '../src/runs/collect-garbage.js'
import { readRun } from '../src/runs/read-run.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const [autoHash, classifyHash, otherHash] = ['a'.repeat(64), 'c'.repeat(64), 'd'.repeat(64)]
const auto = stageOf(autoHash)
const plans = [experimentOf('one', auto, stageOf(classifyHash, { initFrom: auto }))]
const store = (directory: string) => join(directory, '.store', 'fake')
const hex = '0123456789abcdef'
const nothing = { garbage: [], foreign: [] }

async function makeOld(...paths: readonly string[]): Promise<void> {
  const then = Date.now() / 1000 - 3700
  for (const path of paths) await utimes(path, then, then)
}

it('is what no run refers to, and what was cut off', async () => {
  const directory = await temporaryFolder()
  const one = await runPlans(plans, { directory })
  const two = await runPlans([experimentOf('two', stageOf(otherHash))], { directory })
  expect(await findGarbage(directory)).toEqual(nothing)

  await rm(one.result.run, { recursive: true })
  const stage = join(two.result.run, 'stages', otherHash)
  const torn = [join(stage, 'metrics.json.17.tmp'), join(two.result.run, `run.json.${hex}.tmp`)]
  for (const path of torn) await writeFile(path, 'cut')
  const checkpoints = join(stage, 'checkpoints')
  await mkdir(checkpoints)
  await writeFile(join(checkpoints, '17.json'), '')
  const [draft, young] = [`${autoHash}.${hex}.tmp`, `${autoHash}.17.tmp`].map((name) => join(store(directory), name))
  for (const path of [draft, young] as string[]) await mkdir(path)
  await makeOld(draft ?? '')
  const { garbage, foreign } = await findGarbage(directory)
  expect(foreign).toEqual([])
  const entries = [autoHash, classifyHash].map((hash) => join(store(directory), hash))
  expect(garbage.map(({ path }) => path).sort()).toEqual([...entries, draft, checkpoints, ...torn].sort())
  const size = (await stat(join(entries[0] ?? '', 'model.gradpool'))).size
  expect(garbage.find(({ path }) => path === entries[0])?.numBytes).toBeGreaterThan(size)

  await removeGarbage(garbage)
  expect(garbage.filter(({ path }) => existsSync(path))).toEqual([])
  expect(await findGarbage(directory)).toEqual(nothing)
  expect((await readRun(two.result.run)).result).toEqual(two.result)
  const again = await runPlans([experimentOf('two', stageOf(otherHash))], { directory })
  expect(again.engine.trained).toEqual([])
})

it('has what is served to a queue once no run needs it', async () => {
  const directory = await temporaryFolder()
  const record = { queue: 'redis://127.0.0.1:6379' }
  const served = join(directory, '.queue-store')
  await mkdir(join(served, 'blobs'), { recursive: true })
  await writeFile(join(served, 'blobs', 'a'), 'some bytes')
  const run = await runPlans(plans, { directory, record })
  const ofQueue = { path: served, why: 'no run serves it to a queue any more', numBytes: 10 }
  expect(await findGarbage(directory)).toEqual({ ...nothing, garbage: [ofQueue] })

  const result = join(run.result.run, 'result.json')
  await rename(result, `${result}.kept`)
  expect(await findGarbage(directory)).toEqual(nothing)
  await rm(run.result.run, { recursive: true })
  await runPlans(plans, { directory, record: { ...record, store: 's3://bucket' } })
  expect(await findGarbage(directory)).toEqual({ ...nothing, garbage: [ofQueue] })
  await writeFile(join(served, 'notes'), 'mine')
  expect(await findGarbage(directory)).toEqual({
    ...nothing,
    foreign: [{ path: join(served, 'notes'), what: 'a file' }],
  })
})

it.skipIf(process.platform === 'win32')('leaves what Gradpool did not make, and follows no symbolic link', async () => {
  const directory = await temporaryFolder()
  const precious = await temporaryFolder()
  // All names that are looked for, outside of the folder of runs.
  const { result } = await runPlans(plans, { directory })
  const entry = join(store(directory), autoHash)
  await cp(entry, join(precious, 'f'.repeat(64)), { recursive: true })
  await mkdir(join(precious, `${autoHash}.${hex}.tmp`))
  await writeFile(join(precious, '17.json'), '')
  await mkdir(join(precious, 'blobs'))
  await makeOld(join(precious, `${autoHash}.${hex}.tmp`))
  const before = (await readdir(precious, { recursive: true })).sort()

  const stage = join(result.run, 'stages', autoHash)
  const links = [
    join(directory, '.store', 'link'),
    join(store(directory), 'e'.repeat(64)),
    join(store(directory), `${autoHash}.17.tmp`),
    join(directory, '.queue-store'),
    join(stage, 'checkpoints'),
    join(stage, `model.gradpool.${hex}.tmp`),
  ]
  for (const link of links) await symlink(precious, link)
  await symlink(precious, join(result.run, 'stages', 'b'.repeat(64)))
  await writeFile(join(store(directory), 'notes.txt'), '')
  await mkdir(join(store(directory), 'mine'))
  await mkdir(join(store(directory), 'b'.repeat(64)))
  await writeFile(join(store(directory), 'b'.repeat(64), 'thesis.txt'), '')
  const { garbage, foreign } = await findGarbage(directory)
  expect(garbage).toEqual([])
  const others = [
    { path: join(store(directory), 'notes.txt'), what: 'a file' },
    { path: join(store(directory), 'mine'), what: 'a directory' },
    { path: join(store(directory), 'b'.repeat(64), 'thesis.txt'), what: 'a file' },
  ]
  const byPath = (one: { path: string }, other: { path: string }) => (one.path < other.path ? -1 : 1)
  const expected = [...links.map((path) => ({ path, what: 'a symbolic link' })), ...others]
  expect([...foreign].sort(byPath)).toEqual(expected.sort(byPath))

  // A link that takes the place of what was found is not followed either.
  await rename(entry, `${entry}.moved`)
  await symlink(precious, entry)
  await removeGarbage([{ path: entry, why: '', numBytes: 0 }])
  expect((await readdir(precious, { recursive: true })).sort()).toEqual(before)
  expect(existsSync(entry)).toBe(false)
})
