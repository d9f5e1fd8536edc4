// What a queue does when something fails or is stopped, with stages that train nothing.
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { fakeStage } from './fake-stages.js'
import { queueOf, run, stages, until } from './harness.js'
import { startRedis } from '../servers/redis.js'
import { redisForAll } from './servers.js'

const redis = redisForAll({ appendOnly: true })

test('a server that is started again loses nothing', async () => {
  const { worker, trainer } = await queueOf(redis().url)
  await worker('one')
  const wanted = stages(10, { epochs: 4, ms: 40 })
  const mine = trainer()
  const ended = Promise.all(wanted.map((each) => run(mine, each)))
  await setTimeout(300)
  await redis().restart(300)
  expect((await ended).map(({ status }) => status)).toEqual(wanted.map(() => 'done'))
})

test('a worker ends though its server is gone, and says what becomes of its job', async () => {
  const server = await startRedis()
  const { worker, trainer } = await queueOf(server.url)
  const told: string[] = []
  const it = await worker('one', { onEvent: (event) => event.type === 'warning' && told.push(event.message) })
  const slow = fakeStage('slow', { epochs: 10_000, ms: 10 })
  void run(trainer(), slow).catch(() => undefined)
  await until(() => slow.told.length > 0)
  await server.stop()
  await it.close()
  expect(told.at(-1)).toContain('goes to another worker when its lock is over')
}, 60_000)

test('a worker does not wait for a server that is gone when it starts', async () => {
  const server = await startRedis()
  const { worker } = await queueOf(server.url)
  await server.stop()
  await expect(worker('one')).rejects.toThrow(/^the queue at redis:\/\/127\.0\.0\.1:\d+ does not answer$/)
}, 60_000)

test('a store that does not answer is tried again; what still fails says why', async () => {
  const { store, worker, trainer, admin } = await queueOf(redis().url)
  await worker('one')
  const once = fakeStage('once', { faults: 1 })
  expect((await run(trainer(), once)).status).toBe('done')
  expect(store.begun.get(once.hash)).toHaveLength(2)
  expect((await admin.report()).queues.map(({ counts }) => counts.failed)).toEqual([0])
})

test('a submitter waits for a store that does not answer, at the start and at the end', async () => {
  const { store, worker, trainer, warnings } = await queueOf(redis().url)
  await worker('one')
  const mine = trainer()
  store.isSilent = true
  const [first, stopped] = [fakeStage('first', { epochs: 30, ms: 20 }), mine.start(fakeStage('stopped').stage)]
  const ends = [run(mine, first), stopped.run()]
  await until(() => warnings.includes('no answer; it is tried again'))
  stopped.stop()
  expect(await ends[1]).toMatchObject({ status: 'interrupted' })
  store.isSilent = false
  await until(() => first.told.length > 0)
  store.isSilent = true
  await until(() => store.results.size > 0)
  await setTimeout(500)
  store.isSilent = false
  expect(await ends[0]).toMatchObject({ status: 'done' })
  expect(store.begun.get(first.hash)).toHaveLength(1)
})

test('a job that takes longer than its limit fails', async () => {
  const { worker, trainer } = await queueOf(redis().url)
  await worker('one')
  const outcome = await run(trainer({ mostSeconds: 0.2 }), fakeStage('slow', { epochs: 1000, ms: 10 }))
  expect(outcome).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('longer than 0.2 seconds') as string,
  })
})

test('what a submitter stops leaves the queue, waiting or not, and no one else’s does', async () => {
  const { worker, trainer, admin } = await queueOf(redis().url)
  await worker('one', { concurrency: 1 })
  const [active, waiting, other] = [
    fakeStage('active', { epochs: 10_000, ms: 10 }),
    fakeStage('waiting', { epochs: 10 }),
    fakeStage('other', { epochs: 10 }),
  ]
  const mine = trainer()
  const trainings = [active, waiting].map(({ stage }) => mine.start(stage))
  const ended = trainings.map((training) => training.run())
  await until(() => active.told.length > 0)
  const theirs = run(trainer({ submitter: 'them' }), other)
  await until(async () => (await admin.report()).queues[0]?.counts.waiting === 2)
  for (const training of trainings) training.stop()
  expect(await Promise.all(ended)).toMatchObject([{ status: 'interrupted' }, { status: 'interrupted' }])
  expect((await theirs).status).toBe('done')
  expect((await admin.report()).queues[0]?.counts).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
})

test('gradpool queue pauses, drains and resumes; a run is told of what was taken out', async () => {
  const { store, worker, trainer, admin } = await queueOf(redis().url)
  await worker('one')
  await admin.pause()
  const drained = run(trainer(), fakeStage('drained'))
  await until(async () => (await admin.report()).queues[0]?.counts.waiting === 1)
  expect((await admin.report()).queues[0]).toMatchObject({
    isPaused: true,
    waiting: [{ name: 'drained', priority: 5 }],
  })
  expect(await admin.drain()).toBe(1)
  expect(await drained).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('was removed from the queue') as string,
  })
  expect(store.begun.size).toBe(0)
  await admin.resume()
  expect((await run(trainer(), fakeStage('after'))).status).toBe('done')
  await expect(admin.remove(['0123456789'])).rejects.toThrow("no such job: '0123456789'")
})

test('submitters take turns, and priorities go before', async () => {
  const { store, worker, trainer, admin } = await queueOf(redis().url)
  const many = Array.from({ length: 20 }, (_, i) => fakeStage(`many ${i}`))
  const few = [fakeStage('few 0'), fakeStage('few 1')]
  const urgent = fakeStage('urgent')
  const [a, b, c] = [trainer(), trainer({ submitter: 'b' }), trainer({ submitter: 'c', priority: 1 })]
  const all = [...many.map((each) => run(a, each))]
  await until(async () => (await admin.report()).queues[0]?.counts.waiting === 20)
  all.push(...few.map((each) => run(b, each)))
  await until(async () => (await admin.report()).queues[0]?.counts.waiting === 22)
  all.push(run(c, urgent))
  await until(async () => (await admin.report()).queues[0]?.counts.waiting === 23)
  await worker('one', { concurrency: 1 })
  await Promise.all(all)
  const order = [...store.begun.keys()]
  expect(order[0]).toBe(urgent.hash)
  expect(few.map(({ hash }) => order.indexOf(hash))).toEqual([2, 4])
})
