// One training over several workers, of which some are killed, gives the bits of one process.
import { expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, gradpoolHere, runsIn, start } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { redisForAll } from './servers.js'
import { startWorker } from './worker-process.js'

const redis = redisForAll()
const data = smallData()
const averaged = ['--set', 'averageParts=4', '--set', 'averageEvery=4']
const training = ['mnist_mlp_all', '--epochs', '12', ...averaged, ...data]
const local = (() => {
  let made: Promise<unknown> | undefined
  return () => (made ??= runJson(training).then(bitsOf))
})()

let count = 0

async function folder() {
  const cwd = await emptyFolder()
  const options = { cwd, env: {} }
  const over = ['--queue', redis().url, '--namespace', `spread-${count++}`]
  // A process of its own each, that nothing starts again.
  const worker = () => startWorker([...over, '--workers', '1', '--in-process'], options)
  return { cwd, options, worker, spread: [...training, ...over, '--spread'] }
}

test('three workers, of which one is killed in the middle of a round', async () => {
  const { options, worker, spread } = await folder()
  const [lost] = await Promise.all([worker(), worker(), worker()])
  const running = start(['run', ...spread, '--json'], options)
  await lost.said('replica')
  await lost.kill()
  const ended = await running.ended
  expect(ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Warning') as string })
  expect(bitsOf(documentOf(ended))).toEqual(await local())
})

test('a submitter that is killed: resume goes on from its checkpoint in the store', async () => {
  const { cwd, options, worker, spread } = await folder()
  await Promise.all([worker(), worker()])
  const killed = start(['run', ...spread, '--checkpoint-every', '0.1', '--in-process'], options)
  await killed.said('Epoch 4')
  killed.child.kill('SIGKILL')
  await killed.ended
  const [run = ''] = await runsIn(cwd)
  const resumed = await gradpool(['resume', run, '--json'], options)
  expect(resumed.code).toBe(0)
  expect(bitsOf(documentOf(resumed))).toEqual(await local())
})

test('what does not go with it is one sentence', async () => {
  const { cwd, spread } = await folder()
  const over = ['--queue', redis().url, '--spread']
  const cases: [string[], string][] = [
    [['run', 'mnist_mlp_1p', '--spread'], '--spread says how stages are trained over a queue, so it needs --queue'],
    [['run', ...spread, '--store', 'file:store', '--detach'], '--spread averages in this process after each round'],
    [['run', 'mnist_mlp_1p', ...over, ...data], 'nothing here has any: averageEvery makes them'],
  ]
  for (const [args, sentence] of cases) {
    const { code, stderr } = await gradpoolHere(args, cwd)
    expect({ args, code, stderr }).toEqual({ args, code: 2, stderr: expect.stringContaining(sentence) as string })
    expect(stderr.trim().split('\n')).toHaveLength(1)
  }
})
