// Many short trainings over a queue while all that can fail does: workers are killed every second, the server of the
// queue is started again, a link is cut for a minute, the store answers with errors, the submitter is killed. Nothing
// is lost, nothing is wrong, and only what a lost worker had is trained twice.
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { randomNumbers } from '../faults/random-numbers.js'
import { emptyFolder, endGroup, type Running, start } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { startFaultyHttp } from '../servers/faulty-http.js'
import { NotToBeHad } from '../servers/fetched.js'
import type { Link } from '../servers/link.js'
import { startPostgres } from '../servers/postgres.js'
import { startRedis } from '../servers/redis.js'
import { type S3Server, startVersitygw } from '../servers/versitygw.js'
import { newMachine, type Machine } from './machines.js'

const data = smallData()

/** Fewer jobs, for a look on a slow machine. */
const share = Number(process.env.GRADPOOL_CHAOS_SHARE ?? 1)

/** Of requests to the store. */
const FAULT_RATE = 0.05
const KILL_MS = 1000
/** A worker is killed that did a job, or none for so long. */
const LIFE_MS = 5000
const LOCK_SECONDS = 3
/** Longer than all tries of a request together. */
const OUTAGE_MS = 20_000

/** Of a queue, whichever it is. */
interface Server {
  readonly url: string
  readonly port: number
  readonly restart: (downMs?: number) => Promise<void>
  readonly stop: () => Promise<void>
}

interface Chaos {
  readonly startServer: () => Promise<Server>
  readonly numJobs: number
  readonly epochs: number
  readonly numMachines: number
  readonly cutMs: number
}

test(
  '1,000 jobs on Redis',
  ({ skip }) =>
    survives(
      {
        startServer: () => startRedis({ appendOnly: true }),
        numJobs: 1000 * share,
        epochs: 5,
        numMachines: 6,
        cutMs: 60_000,
      },
      skip,
    ),
  3_600_000,
)

test(
  '100 jobs on PostgreSQL',
  ({ skip }) =>
    survives({ startServer: startPostgres, numJobs: 100 * share, epochs: 5, numMachines: 4, cutMs: 10_000 }, skip),
  3_600_000,
)

/** Servers that are not to be had are a reason to skip. */
async function toBeHad<T extends { stop: () => Promise<void> }>(starting: Promise<T>, skip: (note: string) => never) {
  const server = await starting.catch((error: unknown) => {
    if (!(error instanceof NotToBeHad)) throw error
    console.log(error.message)
    return skip(error.message)
  })
  onTestFinished(server.stop)
  return server
}

async function survives(chaos: Chaos, skip: (note: string) => never): Promise<void> {
  const { epochs, numMachines, cutMs } = chaos
  const numJobs = Math.round(chaos.numJobs)
  const server = await toBeHad(chaos.startServer(), skip)
  const s3 = await toBeHad(startVersitygw(), skip)
  const store = await startFaultyHttp(Number(new URL(s3.endpoint).port), randomNumbers(numJobs), FAULT_RATE)
  onTestFinished(store.stop)
  const experiment = ['mnist_mlp_1p', '--seed', `0..${numJobs - 1}`, '--epochs', String(epochs), ...data]
  const wanted = bitsOf(await runJson([...experiment, '--quiet']))

  const places = await Promise.all(
    Array.from({ length: numMachines }, async () => {
      const place = new Place(await newMachine(), s3)
      await place.connect(server, store.port)
      return place
    }),
  )
  for (const place of places) place.startWorker()

  const cwd = await emptyFolder()
  const env = { GRADPOOL_QUEUE: server.url, ...envOf(s3, `127.0.0.1:${store.port}`) }
  const submit = (args: string[]) => {
    const running = start(args, { cwd, env, isGroup: true })
    onTestFinished(() => endGroup(running))
    return running
  }
  const shown = new URL(server.url)
  shown.password = ''
  const asked = ['--queue', shown.href, '--store', `s3://${s3.bucket}/chaos`, '--checkpoint-every', '0.2']
  let submitter = submit(['run', ...experiment, ...asked, '--json', '--quiet'])

  const numDone = () => places.reduce((sum, place) => sum + place.numDone(), 0)
  const part = (share: number) => () => numDone() >= share * numJobs
  const happened: string[] = []
  const events: [() => boolean, string, () => Promise<void>][] = [
    [part(0.1), 'the server is started again', () => server.restart(500)],
    [part(0.2), 'a link is cut', () => places[0]?.beCutFor(cutMs) ?? Promise.resolve()],
    [
      part(0.35),
      'the submitter is killed',
      async () => {
        await endGroup(submitter)
        submitter = submit(['resume', '--json'])
      },
    ],
    [part(0.5), 'the server is started again', () => server.restart(2000)],
    [
      part(0.6),
      'the store answers nothing but errors',
      async () => {
        store.rate = 1
        await setTimeout(OUTAGE_MS)
        store.rate = FAULT_RATE
      },
    ],
    [part(0.7), 'the server is started again', () => server.restart(0)],
    [
      part(0.8),
      'the submitter is killed',
      async () => {
        await endGroup(submitter)
        submitter = submit(['resume', '--json'])
      },
    ],
  ]
  const going: Promise<void>[] = []
  const isOver = new AbortController()
  const fromMs = Date.now()
  const killing = (async () => {
    while (!isOver.signal.aborted) {
      await setTimeout(KILL_MS)
      const alive = places.filter((place) => place.hasWorked())
      const [oldest] = alive.sort((one, other) => other.readyForMs() - one.readyForMs())
      await oldest?.killWorker()
      const next = events[0]
      if (next?.[0]() === true) {
        events.shift()
        console.log(`${((Date.now() - fromMs) / 1000).toFixed(0)} s, ${numDone()} done: ${next[1]}`)
        happened.push(next[1])
        going.push(next[2]())
        // One after another, where few jobs are done in a moment.
        if (/submitter|server/.test(next[1])) await going.at(-1)
      }
    }
  })()
  const ended = await (async () => {
    // The one that is not killed.
    for (;;) {
      const mine = submitter
      const end = await mine.ended
      if (mine === submitter && end.code !== null) return end
      await setTimeout(100)
    }
  })()
  isOver.abort()
  for (const place of places) place.end()
  await killing
  await Promise.all(going)
  const numKilled = places.reduce((sum, place) => sum + place.numKilled, 0)
  const twice = doneTwice(places)
  console.log(
    `${numJobs} jobs in ${((Date.now() - fromMs) / 1000).toFixed(0)} s: ${numKilled} workers killed, ` +
      `${store.counts.faults} of ${store.counts.all} requests to the store failed, ${twice.all} jobs done more than once`,
  )
  expect({ ...ended, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: expect.anything() as string })
  expect(bitsOf(documentOf(ended))).toEqual(wanted)
  expect(happened).toHaveLength(7)
  expect(numKilled).toBeGreaterThan(5)
  expect(twice.without).toEqual([])
  expect(places.flatMap(({ faults }) => faults)).toEqual([])
}

function envOf({ accessKeyId, secretAccessKey, region }: S3Server, host: string) {
  return {
    AWS_ENDPOINT_URL_S3: `http://${host}`,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
  }
}

/** A worker's life, as it printed it. */
interface Life {
  readonly running: Running
  readonly output: { text: string }
  /** When it began to take jobs. */
  readyMs?: number
  /** It was killed, or nobody heard of it for a while. */
  isLost: boolean
}

const EVENT = /\((\w{8})\)( …|: ([a-z ]+) after)/g

/** A machine with one worker at a time. */
class Place {
  readonly lives: Life[] = []
  numKilled = 0
  /** What workers said that ended by themselves, but for want of a server. */
  readonly faults: string[] = []
  #isOver = false
  #isCut = false
  readonly #machine: Machine
  readonly #s3: S3Server
  readonly #links: Link[] = []
  #env: Record<string, string> = {}
  #store = ''

  constructor(machine: Machine, s3: S3Server) {
    this.#machine = machine
    this.#s3 = s3
  }

  async connect(server: Server, storePort: number): Promise<void> {
    const [queue, store] = [await this.#machine.linkTo(server.port), await this.#machine.linkTo(storePort)]
    this.#links.push(queue.link, store.link)
    const url = new URL(server.url)
    url.host = queue.host
    this.#env = { GRADPOOL_QUEUE: url.href, ...envOf(this.#s3, store.host) }
    this.#store = `s3://${this.#s3.bucket}/chaos`
  }

  startWorker(): void {
    if (this.#isOver) return
    const args = ['worker', '--store', this.#store, '--workers', '1', '--lock-seconds', String(LOCK_SECONDS)]
    const running = this.#machine.start(args, this.#env)
    const output = { text: '' }
    void running.said('at one time').then(
      () => (life.readyMs = Date.now()),
      () => undefined,
    )
    running.child.stdout?.on('data', (text: string) => (output.text += text))
    running.child.stderr?.on('data', (text: string) => (output.text += text))
    const life: Life = { running, output, isLost: false }
    this.lives.push(life)
    // One that is started while there is no server says so and ends; whoever runs it starts it again.
    void running.ended.then(async ({ code }) => {
      if (code === null) return
      life.isLost = true
      if (code !== 2) this.faults.push(output.text)
      await setTimeout(KILL_MS)
      if (this.lives.at(-1) === life) this.startWorker()
    })
  }

  end(): void {
    this.#isOver = true
  }

  /** On a slow machine nothing would be done if workers were killed before. */
  hasWorked(): boolean {
    const life = this.lives.at(-1)
    const hasDone = life !== undefined && eventsOf(life).some(({ how }) => how === 'done')
    return this.readyForMs() > (hasDone ? 0 : LIFE_MS)
  }

  /** How long its worker has taken jobs. */
  readyForMs(): number {
    return this.#isCut ? -1 : Date.now() - (this.lives.at(-1)?.readyMs ?? Infinity)
  }

  async killWorker(): Promise<void> {
    const life = this.lives.at(-1)
    if (life === undefined || this.#isOver) return
    life.isLost = true
    this.numKilled++
    await endGroup(life.running)
    this.startWorker()
  }

  async beCutFor(ms: number): Promise<void> {
    this.#isCut = true
    const life = this.lives.at(-1)
    if (life) life.isLost = true
    for (const link of this.#links) link.cut()
    await setTimeout(ms)
    for (const link of this.#links) link.mend()
    this.#isCut = false
  }

  numDone(): number {
    return this.lives.reduce((sum, life) => sum + eventsOf(life).filter(({ how }) => how === 'done').length, 0)
  }
}

function eventsOf({ output }: Life): { job: string; how: string }[] {
  return [...output.text.matchAll(EVENT)].map(([, job = '', , how = 'started']) => ({ job, how }))
}

/** Jobs that were done more than once, and those of them for which there is no lost worker that had begun them. */
function doneTwice(places: readonly Place[]): { all: number; without: string[] } {
  const done = new Map<string, number>()
  const lost = new Map<string, number>()
  for (const life of places.flatMap(({ lives }) => lives)) {
    for (const { job, how } of eventsOf(life)) {
      if (how === 'done') done.set(job, (done.get(job) ?? 0) + 1)
      else if (how === 'started' && life.isLost) lost.set(job, (lost.get(job) ?? 0) + 1)
    }
  }
  const twice = [...done].filter(([, times]) => times > 1)
  return {
    all: twice.length,
    without: twice.flatMap(([job, times]) => (times > 1 + (lost.get(job) ?? 0) ? [job] : [])),
  }
}
