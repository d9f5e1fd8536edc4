// A user's own file: run as it is, wherever it lies, with no build step.
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as everything from 'gradpool'
import { expect, test } from 'vitest'
import { dataFolder } from './data-folder.js'
import { emptyFolder, fixture, gradpool, runsIn } from './gradpool.js'
import { documentOf, runJson } from './run-document.js'

test.each([
  ['narrow-code.ts', 'narrow_code'],
  ['own-model.mjs', 'own_model'],
])('%s lies outside of any node_modules and runs', async (file, name) => {
  const cwd = await emptyFolder()
  await copyFile(fixture(file), join(cwd, file))
  const data = await dataFolder()
  const { experiments } = await runJson([file, '--epochs', '1', '--data', data], { cwd })
  expect(experiments).toHaveLength(1)
  expect(experiments[0]).toMatchObject({ name, status: 'done', reported: null })
  expect(experiments[0]?.weightsHash).toMatch(/^[0-9a-f]{64}$/)
})

test('a file finds all names of gradpool, wherever it lies', async () => {
  const cwd = await emptyFolder()
  const names = Object.keys(everything)
  const source = `
    import * as gradpool from 'gradpool'
    const missing = ${JSON.stringify(names)}.filter((name) => !(name in gradpool))
    throw new Error('missing: ' + (missing.join() || 'none'))`
  await writeFile(join(cwd, 'names.mjs'), source)
  const { code, stderr } = await gradpool(['run', 'names.mjs'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('missing: none')
})

test('arrays of any shape are data, which a run knows again by their contents', async () => {
  const cwd = await emptyFolder()
  const file = join(cwd, 'own-arrays.mjs')
  const source = await readFile(fixture('own-arrays.mjs'), 'utf8')
  await writeFile(file, source)
  const { experiments } = await runJson(['own-arrays.mjs', '--epochs', '2'], { cwd })
  expect(experiments[0]).toMatchObject({ name: 'own_arrays', status: 'done', accuracy: null })
  const [name = ''] = await runsIn(cwd)
  const record = await readFile(join(cwd, 'runs', name, 'run.json'), 'utf8')
  expect(JSON.parse(record)).toMatchObject({
    experiments: [
      {
        config: { data: { kind: 'arrays', name: 'points', fields: { x: 'f32[2]', y: 'f32[]' } } },
        data: { name: 'points' },
      },
    ],
  })
  await writeFile(file, source.replace('2 * a - b', '2 * a + b'))
  const resumed = await gradpool(['resume'], { cwd })
  expect(resumed.code).not.toBe(0)
  expect(resumed.stderr).toContain('the contents of the data points are others (SHA-256 ')
  const elsewhere = await gradpool(['run', 'own-arrays.mjs', '--data', cwd], { cwd })
  expect(elsewhere.stderr).toContain("The data 'points' are arrays, so no folder can take their place")
  const index = await gradpool(['index', 'build', '--out', 'codes.index'], { cwd })
  expect(index.stderr).toContain('no stage of it makes codes')
})

test('a file runs beside an experiment of the catalogue, and the table has both', async () => {
  const cwd = await emptyFolder()
  const args = ['run', fixture('narrow-code.ts'), 'mnist_mlp_1p', '--epochs', '1', '--quiet']
  const { code, stdout } = await gradpool([...args, '--data', await dataFolder()], { cwd })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^narrow_code +좁은 코드 +– +\d\.\d{3} /m)
  expect(stdout).toMatch(/^mnist_mlp_1p /m)
})

test('--set and --seed reach a file too', async () => {
  const cwd = await emptyFolder()
  const file = fixture('narrow-code.ts')
  const set = ['--set', 'stages[0].encoder=[16,3]', '--set', 'train.epochs=1']
  const args = [file, '--data', await dataFolder(), '--seed', '7', ...set]
  const { experiments } = await runJson(args, { cwd })
  expect(experiments[0]).toMatchObject({ seed: 7, status: 'done' })
  expect(experiments[0]?.stages.map(({ epochs }) => epochs.length)).toEqual([1, 1])
})

test('what a file prints does not get into the JSON document', async () => {
  const cwd = await emptyFolder()
  const source = await readFile(fixture('narrow-code.ts'), 'utf8')
  await writeFile(join(cwd, 'chatty.ts'), `console.log('hello from the file')\n${source}`)
  const args = ['run', 'chatty.ts', '--epochs', '1', '--data', await dataFolder(), '--json']
  const { code, stdout, stderr } = await gradpool(args, { cwd })
  expect(code).toBe(0)
  expect(documentOf({ stdout }).experiments).toHaveLength(1)
  expect(stderr).toContain('hello from the file')
})

test('a table is data, which a run knows again by its contents', async () => {
  const cwd = await emptyFolder()
  const rows = Array.from({ length: 60 }, (_, i) => [i, i % 7, 3 * i - (i % 7)].join())
  await writeFile(join(cwd, 'houses.csv'), ['size,rooms,price', ...rows].join('\n'))
  const source = `
    import { adam, csv, defineExperiment, regress } from 'gradpool'
    export default defineExperiment({
      name: 'house_prices',
      data: csv('houses.csv', { target: 'price', validation: 0.1, test: 0.2 }),
      train: { optimizer: adam(0.01), batchSize: 8, epochs: 20 },
      stages: [regress({ hidden: [8] })],
    })`
  await writeFile(join(cwd, 'prices.mjs'), source)
  const { experiments } = await runJson(['prices.mjs'], { cwd })
  expect(experiments[0]).toMatchObject({ name: 'house_prices', status: 'done', accuracy: null })
  await writeFile(join(cwd, 'rows.jsonl'), '{"x":[30,2]}')
  const { code, stdout } = await gradpool(['predict', 'latest/house_prices', '--data', 'rows.jsonl', '--json'], { cwd })
  expect(code).toBe(0)
  const { estimate } = JSON.parse(stdout) as { estimate: number }
  expect(Math.abs(estimate - 88)).toBeLessThan(30)
  const named = await gradpool(['predict', 'latest/house_prices', '--data', 'houses.csv', '--csv'], { cwd })
  expect(named.stdout.trimEnd().split('\n')).toHaveLength(61)
  expect(Math.abs(Number(named.stdout.split('\n')[31]) - 88)).toBeLessThan(30)
  await writeFile(join(cwd, 'houses.csv'), ['size,rooms,price', '1,2,3', ...rows].join('\n'))
  const resumed = await gradpool(['resume'], { cwd })
  expect(resumed.stderr).toContain('the contents of the data houses.csv are others (SHA-256 ')
  await writeFile(join(cwd, 'later.csv'), ['size,rooms,price', ...rows.slice(0, 50), ...rows.slice(0, 10)].join('\n'))
  const elsewhere = await gradpool(['run', 'prices.mjs', '--data', 'later.csv', '--epochs', '1'], { cwd })
  expect(elsewhere.stdout).toMatch(
    /^later\.csv: 42 rows to train on, 6 for validation, 12 for test \(at random, seed 0\)$/m,
  )
  expect(elsewhere.stderr).toMatch(/^Warning: \d of 12 test rows of later\.csv are training rows, too: \d+ is \d+/m)
  const folder = await gradpool(['run', 'prices.mjs', '--data', cwd], { cwd })
  expect([folder.code, folder.stderr]).toEqual([2, expect.stringMatching(/ is a directory, expected a file$/m)])
})
