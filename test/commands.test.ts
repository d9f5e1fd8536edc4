// The commands beside `run`: list, show, doctor, help and version.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder, names } from './data-folder.js'
import { emptyFolder, gradpool, runsIn } from './gradpool.js'

test('list names the six experiments with group and reported accuracy', async () => {
  const { code, stdout, stderr } = await gradpool(['list'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^mnist_mlp_all +report +classify 784-10-10 +100 % +0\.900 /m)
  expect(stdout).toMatch(/^mnist_auto_3 +report +autoencode 784-64-1-64-784, then +1 % +0\.187 /m)
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
  expect(told.map((line) => line.split(': ')[1]).sort()).toEqual(
    best.map((file) => join(stages, file)).sort(),
  )
  expect(await gradpool(['show', join('runs', name)], { cwd })).toEqual(shown)
  expect(await gradpool(['show'], { cwd })).toEqual(shown)

  const misspelt = await gradpool(['show', `${name}x`], { cwd })
  expect(misspelt.code).toBe(2)
  expect(misspelt.stderr).toContain(`did you mean '${name}'?`)
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
    const { code, stdout, stderr } = await gradpool(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: gradpool')
  }
})
