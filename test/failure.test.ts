// An experiment that cannot go on: it says at which step, and the others do not care.
import { expect, test } from 'vitest'
import { dataFolder } from './data-folder.js'
import { emptyFolder, fixture, gradpool } from './gradpool.js'
import { documentOf } from './run-document.js'

test('a loss that is no number fails its experiment with step and last finite loss; a sibling goes on', async () => {
  const cwd = await emptyFolder()
  const args = ['run', fixture('explodes.ts'), 'mnist_mlp_1p', '--epochs', '1']
  const data = ['--data', await dataFolder()]
  const { code, stdout, stderr } = await gradpool([...args, ...data, '--json'], { cwd })
  expect(code).toBe(1)
  expect(stderr).not.toMatch(/^ +at /m)
  const [exploded, sibling] = documentOf({ stdout }).experiments
  expect(exploded).toMatchObject({ status: 'failed', accuracy: null, weightsHash: null })
  expect(exploded?.error).toMatch(/step \d+/)
  expect(exploded?.error).toMatch(/last finite loss/)
  expect(exploded?.error).toMatch(/first tensor of the step that is not is %\d+ = matmul/)
  expect(sibling).toMatchObject({ name: 'mnist_mlp_1p', status: 'done' })

  const shown = await gradpool([...args, ...data, '--quiet'], { cwd })
  expect(shown.code).toBe(1)
  expect(shown.stdout).toMatch(/^explodes .* failed /m)
  expect(shown.stdout).toMatch(/^explodes failed: .*step \d+/m)
})

test('a loss that is no number is located by the line of the model’s code', async () => {
  const cwd = await emptyFolder()
  const { code, stdout } = await gradpool(['run', fixture('own-explodes.ts'), '--data', await dataFolder(), '--json'], {
    cwd,
  })
  expect(code).toBe(1)
  const [exploded] = documentOf({ stdout }).experiments
  expect(exploded?.error).toMatch(/own-explodes\.ts:10\b/)
})
