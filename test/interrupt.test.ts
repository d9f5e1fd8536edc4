// Ctrl-C stops within a step, shows what there is, and says so with its exit code; a closed pipe stops a run, too.
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from './gradpool.js'

const soonMs = 3000
const data = smallData()

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

test('list ends in silence when nobody reads its output', async () => {
  const { child, ended } = start(['list'])
  child.stdout?.destroy()
  expect(await ended).toMatchObject({ code: 0, stderr: '' })
})

test('a run stops when nobody reads its output, and says how to resume it', async () => {
  const cwd = await emptyFolder()
  const { child, ended } = start(['run', 'mnist_auto_2', '--epochs', '1000'], { cwd })
  child.stdout?.destroy()
  const { code, stderr } = await ended
  expect(code).toBe(1)
  const [run = ''] = await runsIn(cwd)
  expect(stderr).toBe(
    `The run was stopped, because its output was closed. Resume it with: gradpool resume runs/${run}\n`,
  )
  expect((await gradpool(['show'], { cwd })).stdout).toMatch(/^mnist_auto_2 .* stopped /m)
})

test.runIf(existsSync('/dev/full'))('what cannot be written to stdout is a failure', async () => {
  const cwd = await emptyFolder()
  const full = { cwd, within: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'] }
  const lost = 'Cannot write the output: no space left on device\n'
  for (const args of [['list'], ['runs'], ['--help'], ['list', '--help'], ['--version'], ['doctor']]) {
    expect(await gradpool(args, full), args.join(' ')).toEqual({ code: 1, stdout: '', stderr: lost })
  }
  const { code, stderr } = await gradpool(['run', 'mnist_auto_2', '--epochs', '1000', ...data], full)
  const [run = ''] = await runsIn(cwd)
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `${lost}The run was stopped, because its output cannot be written. Resume it with: gradpool resume runs/${run}\n`,
  })
})
