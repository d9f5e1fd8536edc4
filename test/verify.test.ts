// `gradpool verify` trains a part of a run again: the same bits, or it says which stage has others.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSealed, sealJson, tellOf } from '@gradpool/storage'
import { expect, test } from 'vitest'
import { dataFolder } from './data-folder.js'
import { contentsOf, emptyFolder, gradpool, runsIn } from './gradpool.js'
import { expectMistake } from './mistake.js'

test('a run comes to its bits again, and one that was tampered with does not', async () => {
  const cwd = await emptyFolder()
  const data = await dataFolder()
  const args = ['run', 'mnist_auto_1', 'mnist_mlp_1p', '--epochs', '2', '--data', data, '--quiet']
  expect((await gradpool([...args, '--engine', 'wasm'], { cwd })).code).toBe(0)
  const { code, stdout, stderr } = await gradpool(['verify'], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const same = 'the first epoch and the test have the same bits'
  expect(stdout.trim().split('\n').sort()).toEqual([
    `✔ mnist_auto_1 autoencode: ${same}`,
    `✔ mnist_auto_1 train: ${same}`,
    `✔ mnist_mlp_1p train: ${same}`,
  ])

  const [run = ''] = await runsIn(cwd)
  const stages = join(cwd, 'runs', run, 'stages')
  const [first = '', second = ''] = await contentsOf(stages)
  await exchange(join(stages, first), join(stages, second))
  const exchanged = await gradpool(['verify', run], { cwd })
  expect(exchanged.code).toBe(1)
  expect(exchanged.stdout.match(/^✖ .*: '.*' has the files of another stage$/gm)?.length).toBeGreaterThanOrEqual(2)
  await expectMistake(['show', run], /' has the files of another stage/, { cwd })
  await exchange(join(stages, first), join(stages, second))

  for (const hash of await contentsOf(stages)) {
    const path = join(stages, hash, 'metrics.json')
    const metrics = JSON.parse(await readFile(path, 'utf8')) as { firstEpoch: string }
    expect(metrics.firstEpoch).toMatch(/^[0-9a-f]{64}$/)
    const text = JSON.stringify({ ...metrics, firstEpoch: '0'.repeat(64) })
    await writeFile(path, text)
    const done = join(stages, hash, 'done')
    const manifest = openSealed(await readFile(done, 'utf8')).value as { files: object }
    const files = { ...manifest.files, 'metrics.json': tellOf(Buffer.from(text)) }
    await writeFile(done, sealJson({ ...manifest, files }))
  }
  const tampered = await gradpool(['verify', run], { cwd })
  expect(tampered.code).toBe(1)
  expect(tampered.stdout).toMatch(/^✖ mnist_mlp_1p train: the states after the first epoch are others$/m)
})

async function exchange(one: string, other: string): Promise<void> {
  await rename(one, `${one}.aside`)
  await rename(other, one)
  await rename(`${one}.aside`, other)
}

test('the record of a run has all that it takes to repeat it', async () => {
  const cwd = await emptyFolder()
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--seed', '3', '--data', await dataFolder()]
  await gradpool([...args, '--quiet'], { cwd })
  const [run = ''] = await runsIn(cwd)
  const record: unknown = JSON.parse(await readFile(join(cwd, 'runs', run, 'run.json'), 'utf8'))
  expect(record).toMatchObject({
    versions: { gradpool: expect.any(String) as string, node: process.versions.node },
    machine: { platform: process.platform, arch: process.arch },
    commit: null,
    engine: { numerics: 'exact-2', description: expect.any(String) as string },
    experiments: [
      {
        name: 'mnist_mlp_1p',
        seed: 3,
        config: { train: { epochs: 1, batchSize: 10 } },
        data: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        stages: [{ hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
      },
    ],
    record: { asked: ['mnist_mlp_1p'], cwd: expect.any(String) as string },
  })
})
