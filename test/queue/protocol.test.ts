// What workers and submitters do with a queue, on a real server, with stages that train nothing.
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { fakeStage } from './fake-stages.js'
import { queueOf, run, stages, until } from './harness.js'
import { redisForAll } from './servers.js'

const redis = redisForAll({ appendOnly: true })

test('stages are trained once each, by all workers, and what is there already by none', async () => {
  const { store, worker, trainer } = await queueOf(redis().url)
  await worker('one')
  await worker('two')
  const wanted = stages(40, { epochs: 3, ms: 5 })
  const first = trainer()
  const outcomes = await Promise.all(wanted.map((each) => run(first, each)))
  expect(outcomes.map(({ status }) => status)).toEqual(wanted.map(() => 'done'))
  expect(wanted.map(({ told }) => told)).toEqual(wanted.map(() => [1, 2, 3]))
  const begun = [...store.begun.values()].flat()
  expect(begun).toHaveLength(40)
  expect(new Set(begun.map(({ by }) => by))).toEqual(new Set(['one', 'two']))
  // Another submitter takes them from the store.
  const second = trainer()
  await Promise.all(stages(40).map((each) => run(second, each)))
  expect([...store.begun.values()].flat()).toHaveLength(40)
})

test('a worker of other numerics is never given a job', async () => {
  const { store, worker, trainer } = await queueOf(redis().url)
  const machine = {
    id: 'other',
    host: '',
    cores: 1,
    memoryBytes: 1,
    engine: '',
    description: '',
    version: '',
    platform: '',
  }
  await worker('other', { machine: { ...machine, numerics: 'exact-3' } })
  const ended = run(trainer(), fakeStage('waits'))
  await setTimeout(700)
  expect(store.begun.size).toBe(0)
  await worker('ours')
  expect((await ended).status).toBe('done')
  expect(store.begun.get(fakeStage('waits').hash)).toEqual([{ by: 'ours', from: 0 }])
})

test('a worker that closes hands its jobs back, and another goes on with them', async () => {
  const { store, worker, trainer } = await queueOf(redis().url)
  const first = await worker('first')
  const long = fakeStage('long', { epochs: 40, ms: 20 })
  const ended = run(trainer(), long)
  await until(() => (store.checkpoints.get(long.hash) ?? 0) > 4)
  await first.close()
  await worker('second')
  expect((await ended).status).toBe('done')
  const [, second] = store.begun.get(long.hash) ?? []
  expect(second?.by).toBe('second')
  expect(second?.from).toBeGreaterThan(4)
  expect(long.told).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
})

test('a queue that forgets everything, and a store that lost a result, cost a training at most', async () => {
  const { store, worker, trainer } = await queueOf(redis().url)
  const wanted = stages(6, { epochs: 5, ms: 60 })
  const mine = trainer()
  const ended = Promise.all(wanted.map((each) => run(mine, each)))
  await setTimeout(200)
  await worker('one')
  await until(() => store.begun.size > 1)
  await command('FLUSHALL')
  expect((await ended).map(({ status }) => status)).toEqual(wanted.map(() => 'done'))
})

test('a job that ends the process of its worker three times fails', async () => {
  const { worker, trainer, admin } = await queueOf(redis().url)
  const bad = fakeStage('bad', { epochs: 1000, ms: 10 })
  const ended = run(trainer(), bad)
  for (let strike = 1; strike <= 3; strike++) {
    const held: { id: string; token: string }[] = []
    const killed = await worker(`killed ${strike}`, { onHeld: (jobs) => held.splice(0, held.length, ...jobs) })
    await until(() => held.length > 0)
    const struck = { jobs: [...held], by: 'SIGSEGV' }
    // As a process that was killed: it lets go of nothing.
    await worker(`after ${strike}`, { struck, concurrency: 1 }).then((next) => next.close())
    await killed.close()
  }
  expect(await ended).toMatchObject({ status: 'failed', error: expect.stringContaining('3 times (SIGSEGV)') as string })
  const [told] = (await admin.report()).queues
  expect(told?.failed).toMatchObject([{ stage: bad.hash, strikes: 3 }])
})

test('what starts from a stage is added by the worker, as its submitter would', async () => {
  const { store, worker, trainer, admin } = await queueOf(redis().url)
  const [first, second] = [fakeStage('first'), fakeStage('second')]
  const dependent = { plan: { ...second.stage.plan, transferredStates: ['w'] }, ref: second.stage.ref, dependents: [] }
  const detached = trainer({ detach: (hash) => (hash === first.hash ? [dependent as never] : []) })
  expect((await run(detached, first)).status).toBe('interrupted')
  await detached.close()
  expect((await admin.report()).queues[0]?.counts.waiting).toBe(1)
  await worker('one')
  await until(() => store.results.size === 2)
  expect([...store.begun.keys()]).toEqual([first.hash, second.hash])
})

/** To the server itself. */
async function command(line: string): Promise<void> {
  const socket = connect(redis().port, '127.0.0.1')
  socket.write(`${line}\r\n`)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
}
