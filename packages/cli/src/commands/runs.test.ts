/** `gradpool runs`, `compare` and `export` of epochs, on runs that were made without training. */
import { sealJson } from '@gradpool/storage'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../main.js'
import { experimentOf, resultOf, rowOf } from '../testing/fake-run.js'
import { keptIo } from '../testing/streams.js'

let runs = ''

beforeAll(() => {
  runs = mkdtempSync(join(tmpdir(), 'gradpool-runs-'))
  makeRun('first', { learningRate: 0.1, accuracies: [0.8, 0.7, 0.9] })
  makeRun('second', { learningRate: 0.2, accuracies: [0.85, 0.76, 0.93] })
  makeRun('third', { learningRate: 0.3, accuracies: [0.5], name: 'an\u001b[2Jother' })
})
afterAll(() => rmSync(runs, { recursive: true }))

interface Made {
  readonly learningRate: number
  /** By seed. */
  readonly accuracies: readonly number[]
  readonly name?: string
}

function makeRun(run: string, { learningRate, accuracies, name = 'mine' }: Made): void {
  const folder = join(runs, run)
  mkdirSync(folder)
  const hashOf = (seed: number) => `${run}-${seed}`
  const record = {
    format: 'gradpool-run',
    formatVersion: 3,
    started: `2026-01-0${['first', 'second', 'third'].indexOf(run) + 1}T00:00:00.000Z`,
    versions: { gradpool: '0.2.0' },
    engine: { name: 'wasm', description: '', numerics: 'exact-2' },
    experiments: accuracies.map((_, seed) => ({
      name,
      seed,
      config: { name, train: { epochs: 2, learningRate }, presets: { tuned: { epochs: 99 } } },
      data: { name: 'mnist', hash: 'a'.repeat(64) },
      stages: [{ name: 'classify', hash: hashOf(seed) }],
    })),
    record: {},
  }
  const epochs = [rowOf(1, { loss: 1 }), rowOf(2, { loss: NaN, f1: 0.25 })]
  const experiments = accuracies.map((accuracy, seed) => {
    const stage = { name: 'classify', hash: hashOf(seed), shared: false, reused: false, epochs }
    return experimentOf(name, { seed, test: { loss: 1 - accuracy, accuracy }, stages: [stage] })
  })
  writeFileSync(join(folder, 'run.json'), sealJson(record))
  writeFileSync(join(folder, 'events.jsonl'), '')
  writeFileSync(join(folder, 'result.json'), sealJson(resultOf(experiments)))
}

async function run(...args: string[]) {
  const { io, stdout, stderr } = keptIo()
  const code = await main([...args, '--runs', runs], io)
  return { code, stdout: stdout(), stderr: stderr() }
}

test('runs are listed the latest first, seeds together, names written out', async () => {
  const { code, stdout, stderr } = await run('runs')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^run +experiment +seeds +status +loss +accuracy +f1 +seconds\n/)
  expect(stdout.match(/^(first|second|third)/gm)).toEqual(['third', 'second', 'first'])
  expect(stdout).toMatch(/^first +mine +3 +done +0\.200 ± 0\.100 +0\.800 ± 0\.100 +0\.250 +12\.3$/m)
  expect(stdout).toContain('an\\u001b[2Jother')
})

test('they are filtered by experiment and seed, sorted, and told by columns', async () => {
  const args = ['--where', 'accuracy>=0.8', '--where', 'epochs=2', '--sort', '-accuracy']
  const { stdout } = await run('runs', ...args, '--columns', 'run,seeds,learningRate,accuracy')
  expect(stdout.split('\n').slice(2, -1)).toEqual([
    'second      2         0.200  0.890 ± 0.057',
    'first       2         0.100  0.850 ± 0.071',
  ])
  const limited = await run('runs', '--sort', 'learningRate', '--limit', '1')
  expect(limited.stdout).toMatch(/^first [^]*\nand 2 more\n$/m)
  expect((await run('runs', '--where', 'epochs=99')).stdout).toBe(`None of the 3 runs in '${runs}' is so.\n`)
})

test('what no run has is a mistake in one sentence', async () => {
  expect(await run('runs', '--sort', 'acuracy')).toMatchObject({ code: 2, stdout: '', stderr: /^no run has/i })
  for (const args of [
    ['--where', 'epochs'],
    ['--where', 'epocs>3'],
    ['--columns', 'x y'],
    ['--limit', '0'],
  ]) {
    const { code, stdout, stderr } = await run('runs', ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^[^\n]+\n$/)
  }
})

test('JSON has an object for each seed', async () => {
  const { stdout } = await run('runs', '--where', 'run=first', '--json')
  const told: unknown = JSON.parse(stdout)
  expect(told).toHaveLength(3)
  expect(told).toMatchObject([
    { run: 'first', experiment: 'mine', seed: 0, metrics: { 'test.accuracy': 0.8 }, config: { train: { epochs: 2 } } },
    { seed: 1 },
    { seed: 2 },
  ])
})

test('tags and a note are given, found and taken', async () => {
  expect((await run('runs', 'tag', 'second', 'best', 'paper')).stdout).toBe('second: best paper\n')
  expect((await run('runs', 'note', 'second', 'for', 'the talk')).stdout).toBe('second: best paper · for the talk\n')
  expect((await run('runs', '--search', 'TALK')).stdout).toMatch(/^second +mine .* best paper +for the talk$/m)
  expect((await run('runs', '--where', 'tag=best', '--columns', 'run')).stdout).toMatch(/─\nsecond\n$/)
  expect((await run('runs', 'untag', 'second', 'best', 'paper')).stdout).toBe('second: no tags · for the talk\n')
  expect((await run('runs', 'note', 'second', 'for the paper')).stdout).toBe(
    'second: no tags · for the paper\nThe note was: for the talk\n',
  )
  for (const [args, sentence] of [
    [[], 'Say what the note is: `gradpool runs note second TEXT`; --clear removes the note\n'],
    [[' '], 'Say what the note is: `gradpool runs note second TEXT`; --clear removes the note\n'],
    [['new', '--clear'], "--clear removes the note, so it takes no text, not 'new'\n"],
  ] as const) {
    expect(await run('runs', 'note', 'second', ...args)).toEqual({ code: 2, stdout: '', stderr: sentence })
  }
  expect((await run('runs', '--where', 'run=second', '--columns', 'note')).stdout).toContain('for the paper')
  expect((await run('runs', 'note', 'second', '--clear')).stdout).toBe('second: no tags\nThe note was: for the paper\n')
  expect(await run('runs', 'tag', 'second', 'a b')).toMatchObject({ code: 2, stdout: '' })
})

test('compare tells what differs, results by seed with a paired test, and curves', async () => {
  const { code, stdout } = await run('compare', 'first', 'second')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^differs +first +second\n[─ ]+\ntrain\.learningRate +0\.1 +0\.2\n\n/m)
  expect(stdout).toMatch(/^seed 1 +0\.700 +0\.760$/m)
  expect(stdout).toMatch(/^mean +0\.800 ± 0\.100 +0\.847 ± 0\.085$/m)
  // Differences of 0.05, 0.06 and 0.03; of two degrees of freedom, p is 1 - t / √(t² + 2).
  expect(stdout).toContain('second less first: 0.047 ± 0.00882')
  expect(stdout).toContain('t = 5.29, 2 degrees of freedom, p = 0.034')
  expect(stdout).toMatch(/^validation\.loss, 0\.600 to 0\.600, over 2 epochs\nfirst +▁▁ +0\.600$/m)
})

test('compare of experiments of other names, of one seed and in JSON', async () => {
  expect(await run('compare', 'first')).toMatchObject({ code: 2, stdout: '' })
  expect(await run('compare', 'first', 'third/none')).toMatchObject({ code: 2, stdout: '' })
  const { stdout } = await run('compare', 'first', 'third')
  expect(stdout).toContain('third less first: no test, which needs two seeds that both have')
  const told: unknown = JSON.parse((await run('compare', 'first/mine', 'second', '--metric', 'loss', '--json')).stdout)
  expect(told).toMatchObject([{ results: { metric: 'loss', tests: [{ degreesOfFreedom: 2 }] } }])
  expect((await run('compare', 'first', 'first')).stdout).toContain('Nothing differs')
  expect(await run('compare', 'first', 'second', '--metric', 'none')).toMatchObject({ code: 2, stdout: '' })
})

test('export writes a row for each epoch, as CSV and as Parquet', async () => {
  const [csv, parquet] = [join(runs, 'rows.csv'), join(runs, 'rows.parquet')]
  const { code, stdout } = await run('export', 'first', '--csv', csv, '--parquet', parquet)
  expect(code).toBe(0)
  expect(stdout).toBe(`CSV: '${csv}', 6 rows\nParquet: '${parquet}', 6 rows\n`)
  const lines = readFileSync(csv, 'utf8').split('\r\n')
  expect(lines[0]).toBe('run,experiment,seed,stage,epoch,seconds,loss,accuracy,f1,validation.loss,validation.accuracy')
  expect(lines[2]).toBe('first,mine,0,classify,2,1.4,NaN,0.8638,0.25,0.6,0.88')
  expect(lines[3]).toBe('first,mine,1,classify,1,1.4,1,0.8638,,0.6,0.88')
  expect(lines).toHaveLength(8)
  const rows = await parquetReadObjects({ file: new Uint8Array(readFileSync(parquet)).buffer })
  expect(rows).toHaveLength(6)
  expect(rows[1]).toMatchObject({ run: 'first', seed: 0, epoch: 2, loss: NaN, f1: 0.25, 'validation.loss': 0.6 })
  expect(rows[2]?.f1 ?? null).toBe(null)
  expect(await run('export', 'first', '--csv', csv, '--onnx', 'x')).toMatchObject({ code: 2, stdout: '' })
  expect(await run('export', 'first', '--csv', join(runs, 'no', 'folder'))).toMatchObject({ code: 2, stdout: '' })
})
