// Ctrl-C stops within a step, shows what there is, and says so with its exit code; so does a closed pipe, in silence.
import { expect, test } from 'vitest'
import { emptyFolder, gradpool, start } from './gradpool.js'

const soonMs = 3000

test('an interrupt stops a long run soon, with the table of what was done', async () => {
  const cwd = await emptyFolder()
  const args = ['run', 'mnist_auto_2', 'mnist_auto_3', '--epochs', '1000', '--workers', '2']
  const { child, ended, said } = start(args, { cwd })
  await said('mnist_auto_2 autoencode started:')
  const stopped = performance.now()
  child.kill('SIGINT')
  const { code, stdout, stderr } = await ended
  expect(performance.now() - stopped).toBeLessThan(soonMs)
  expect(code).toBe(130)
  expect(stdout).toMatch(/^mnist_auto_2 .* stopped /m)
  expect(stderr).toMatch(/^Stopping …\nGo on with: gradpool resume runs\/[\w-]+\n$/)

  const shown = await gradpool(['show'], { cwd })
  expect(shown.code).toBe(0)
  expect(shown.stdout).toMatch(/^mnist_auto_3 .* stopped /m)
})

test('an interrupted run with --json still prints its document', async () => {
  const args = ['run', 'mnist_auto_2', '--epochs', '1000', '--json']
  const { child, ended, saidOnStderr } = start(args, { cwd: await emptyFolder() })
  await saidOnStderr('mnist_auto_2 autoencode started:')
  child.kill('SIGINT')
  const { code, stdout } = await ended
  expect(code).toBe(130)
  expect(JSON.parse(stdout)).toMatchObject({ experiments: [{ status: 'interrupted' }] })
})

test('a second interrupt ends the process at once', async () => {
  const args = ['run', 'mnist_auto_2', '--epochs', '1000']
  const { child, ended, said, saidOnStderr } = start(args, { cwd: await emptyFolder() })
  await said('mnist_auto_2 autoencode started:')
  child.kill('SIGINT')
  await saidOnStderr('Stopping …')
  child.kill('SIGINT')
  expect((await ended).code).toBe(130)
})

test('a request to terminate stops in the same way', async () => {
  const args = ['run', 'mnist_auto_2', '--epochs', '1000']
  const { child, ended, said } = start(args, { cwd: await emptyFolder() })
  await said('mnist_auto_2 autoencode started:')
  child.kill('SIGTERM')
  const { code, stdout } = await ended
  expect(code).toBe(143)
  expect(stdout).toMatch(/^mnist_auto_2 .* stopped /m)
})

test('a time that is up stops in the same way, with an exit code of its own', async () => {
  const args = ['run', 'mnist_auto_2', '--epochs', '1000', '--max-minutes', '0.02']
  const { code, stdout, stderr } = await gradpool(args, { cwd: await emptyFolder() })
  expect(code).toBe(124)
  expect(stdout).toMatch(/^mnist_auto_2 .* stopped /m)
  expect(stderr).toMatch(/^Go on with: gradpool resume /)
})

test.each([
  ['list', ['list'], 0],
  ['run', ['run', 'mnist_auto_2', '--epochs', '1000'], 1],
])('%s ends gracefully when nobody reads its output', async (_, args, expected) => {
  const { child, ended } = start(args, { cwd: await emptyFolder() })
  child.stdout?.destroy()
  const { code, stderr } = await ended
  expect(stderr).toBe('')
  expect(code).toBe(expected)
})
