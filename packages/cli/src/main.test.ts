import { expect, test } from 'vitest'
import { main } from './main.js'
import { keptIo } from './testing/streams.js'

async function run(...args: string[]) {
  const { io, stdout, stderr } = keptIo()
  const code = await main(args, io)
  return { code, stdout: stdout(), stderr: stderr() }
}

test.each([
  [['rnu'], "Unknown command 'rnu': did you mean run?\n"],
  [['run', '--sede', '1'], "Unknown option '--sede': did you mean --seed?\n"],
  [['run', 'report', '--workers', '0'], /^--workers must be a whole number from 1 to 256, not '0'\n$/],
  [['run', 'reprot'], /^there is no experiment 'reprot'; did you mean 'report'\?\n$/i],
  [['run'], /^Say what to run: [^\n]+\n$/],
  [['show', 'x', '--runs', '/nowhere/at/all'], /^There is no run 'x', and no other in '\/nowhere\/at\/all'[^\n]+\n$/],
])('%j is a mistake in one sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await run(...args)
  expect(stderr).toMatch(sentence)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

test('help goes to stdout and is no mistake', async () => {
  for (const args of [[], ['--help'], ['help', 'run']]) {
    const { code, stdout, stderr } = await run(...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: gradpool')
  }
})

test('list has a line for each experiment', async () => {
  const { code, stdout } = await run('list')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^mnist_mlp_1p +report +classify 784-10-10 +1 % +0\.684 /m)
  expect(stdout).toMatch(/^mnist_auto_fix +report +autoencode 784-10-784, then /m)
})
