// The commands beside `run`: list, show, doctor, help and version.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder, names } from './data-folder.js'
import { emptyFolder, gradpool, gradpoolHere, runsIn } from './gradpool.js'
import { expectMistake } from './mistake.js'

test('list names the six experiments with group and reported accuracy', async () => {
  const { code, stdout, stderr } = await gradpool(['list'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^mnist_mlp_all +report +classify 784-10-10 +100 % +0\.900 /m)
  expect(stdout).toMatch(/^mnist_auto_3 +report +autoencode 784-64-1-64-784, +1 % +0\.187 /m)
})

test('show gives the table and the epochs of a run, by directory, by name, or the latest', async () => {
  const cwd = await emptyFolder()
  const args = ['mnist_auto_1', 'mnist_auto_fix', '--epochs', '2', '--data', await dataFolder()]
  const run = await gradpool(['run', ...args, '--quiet'], { cwd })
  expect(run.code).toBe(0)
  const [name = ''] = await runsIn(cwd)
  const shown = await gradpool(['show', name], { cwd })
  expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: '' })
  for (const line of run.stdout.trim().split('\n')) expect(shown.stdout).toContain(line)
  expect(shown.stdout.match(/^Model .* autoencode \(shared\)$/gm)).toHaveLength(1)
  expect(shown.stdout.match(/^Model .* train$/gm)).toHaveLength(2)
  expect(shown.stdout.match(/^ *2 +-?\d+\.\d{3} /gm)).toHaveLength(3)
  const stages = join('runs', name, 'stages')
  const files = await readdir(join(cwd, stages), { recursive: true })
  const best = files.filter((file) => file.endsWith('best.gradpool'))
  const told = shown.stdout.match(/^States of the best validation: .*$/gm) ?? []
  expect(told.map((line) => line.split(': ')[1]).sort()).toEqual(best.map((file) => join(stages, file)).sort())
  expect(await gradpoolHere(['show', join('runs', name)], cwd)).toEqual(shown)
  expect(await gradpoolHere(['show'], cwd)).toEqual(shown)

  const misspelt = await gradpool(['show', `${name}x`], { cwd })
  expect(misspelt.code).toBe(2)
  expect(misspelt.stderr).toContain(`did you mean '${name}'?`)
})

test('show and predict take the model of an experiment of a run', async () => {
  const cwd = await emptyFolder()
  const data = await dataFolder()
  const run = ['run', 'mnist_auto_1', '--epochs', '1', '--data', data, '--quiet']
  expect((await gradpool(run, { cwd })).code).toBe(0)
  const shown = await gradpoolHere(['show', 'latest/mnist_auto_1'], cwd)
  expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: '' })
  const lines = [
    /^Model mnist_auto_1: runs.*model\.gradpool$/m,
    /^encoder\.0 +weight \[784, 10\], bias \[10\] +7,850$/m,
    /^reads +image u8\[784\]$/m,
    /^optimizer +adam, learning rate 0\.001, /m,
    /^experiments +\["mnist_auto_1"\]$/m,
    /^test\.accuracy +\d/m,
  ]
  for (const line of lines) expect(shown.stdout).toMatch(line)
  const stage = await gradpoolHere(['show', 'latest/mnist_auto_1/autoencode', '--json'], cwd)
  expect(JSON.parse(stage.stdout)).toMatchObject({
    outputs: [{ name: 'reconstruction' }, { name: 'code', shape: [10] }],
  })
  const table = JSON.parse((await gradpoolHere(['show', 'latest', '--json'], cwd)).stdout) as object
  expect(table).toMatchObject({ experiments: [{ name: 'mnist_auto_1', status: 'done' }] })

  const image = new Array<number>(784).fill(0)
  await writeFile(join(cwd, 'rows.jsonl'), JSON.stringify({ image }).concat('\n').repeat(2))
  const args = ['predict', 'latest/mnist_auto_1', '--data', 'rows.jsonl']
  const predicted = await gradpoolHere([...args, '--json'], cwd)
  const [first, second, ...more] = predicted.stdout.trimEnd().split('\n')
  expect(more).toEqual([])
  expect(first).toBe(second)
  const { estimate, logits } = JSON.parse(first ?? '') as { estimate: number; logits: number[] }
  expect(logits).toHaveLength(10)
  expect(logits.indexOf(Math.max(...logits))).toBe(estimate)
  expect((await gradpoolHere(args, cwd)).stdout).toMatch(new RegExp(`^ +1 +${estimate} +${estimate}: `, 'm'))
  await expectMistake(['predict', 'latest', '--data', 'rows.jsonl'], /say whose model is meant/, {
    cwd,
  })
  await expectMistake(['show', 'latest/mnist_auto_2'], /has no experiment 'mnist_auto_2'/, { cwd })
})

test('doctor finds everything that a run needs', async () => {
  const { code, stdout, stderr } = await gradpool(['doctor'], { cwd: await emptyFolder() })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const name of ['Node', 'Cores', 'Engine wasm', 'Data', 'Disk', 'Memory']) {
    expect(stdout).toMatch(new RegExp(`^. ${name} `, 'm'))
  }
  expect(stdout).toContain('60000 images to train on, 10000 to test with, all checksums right')
})

test('doctor says what is wrong with data, what to do about it, and fails', async () => {
  const data = await dataFolder({ [names.testLabels]: new Uint8Array([1, 2, 3]) })
  const { code, stdout } = await gradpool(['doctor', '--data', data])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^✖ Data .*t10k-labels-idx1-ubyte/m)
  expect(stdout).toMatch(/^ +→ .*--data/m)
  expect(stdout).toContain('Not ready to run: Data.')
})

test('help and version are no mistakes', async () => {
  const own = new URL('../packages/cli/package.json', import.meta.url)
  const { version } = JSON.parse(await readFile(own, 'utf8')) as { version: string }
  expect(await gradpool(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  for (const args of [[], ['--help'], ['help'], ['help', 'run'], ['run', '--help']]) {
    const { code, stdout, stderr } = await gradpoolHere(args, process.cwd())
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: gradpool')
  }
})

test('a command that trains nothing loads nothing that does', async () => {
  const cwd = await emptyFolder()
  for (const args of [['--help'], ['--version'], ['runs']]) {
    const { code, stderr } = await gradpool(args, { cwd, preload: ['tell-loaded.mjs'] })
    expect(code).toBe(0)
    expect(stderr).toContain('/packages/core/dist/')
    expect(stderr).not.toMatch(/packages\/(trainer|engine-cpu|datasets|models|experiments|worker-pool)\//)
  }
})
