// `gradpool serve`: real requests to a process of its own, which is given other models, too many requests, and signals.
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { type Batch, defineModel, dense, fit, loadModel, meanSquaredError, reshape } from 'gradpool'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Running, start, temporaryFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

const line = defineModel({
  params: { hidden: dense(3, 8, { activation: 'tanh' }), output: dense(8, 1) },
  step: ({ hidden, output }, { x, y }: Batch<'x' | 'y'>) => ({
    loss: meanSquaredError(output(hidden(x)), reshape(y, [-1, 1])),
  }),
  predict: ({ hidden, output }, { x }: Batch<'x'>) => ({ y: output(hidden(x)) }),
})

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let models: { readonly bytes: Uint8Array; readonly hash: string; readonly y: Float32Array }[] = []
const x = Float32Array.of(0.5, -1, 2, 3, 0, 1)

beforeAll(async () => {
  folder = await temporaryFolder()
  const data = {
    x: { values: Float32Array.from({ length: 60 }, (_, at) => Math.sin(at)), shape: [3] },
    y: { values: Float32Array.from({ length: 20 }, (_, at) => at / 20), shape: [] },
  }
  models = await Promise.all(
    [1, 2].map(async (seed) => {
      await using fitted = await fit(line, { data, seed, epochs: 1, progress: false })
      const bytes = fitted.toBytes()
      await using model = await loadModel(bytes, { inputs: ['x'], outputs: ['y'] })
      return { bytes, hash: model.hash, y: (await model.predict({ x })).y }
    }),
  )
})
afterAll(() => folder.remove())

/** The command on a free port, with a model of this folder. */
async function serving(
  file: string,
  ...options: string[]
): Promise<{ readonly url: string; readonly server: Running }> {
  await writeFile(join(folder.path, file), models[0]?.bytes ?? '')
  const server = start(['serve', `line=${file}`, '--port', '0', ...options], { cwd: folder.path })
  onTestFinished(() => void server.child.kill('SIGKILL'))
  let said = ''
  server.child.stdout?.on('data', (text: string) => (said += text))
  await server.said('Serving at ')
  return { url: /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '', server }
}

interface Told {
  readonly status: number
  readonly version: string | undefined
  readonly data: readonly number[]
}

async function ask(url: string): Promise<Told> {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [2, 3], data: Array.from(x) }]
  const answer = await fetch(`${url}/v2/models/line/infer`, { method: 'POST', body: JSON.stringify({ inputs }) })
  const told = (await answer.json()) as {
    readonly model_version?: string
    readonly outputs?: readonly { readonly data: readonly number[] }[]
  }
  return { status: answer.status, version: told.model_version, data: told.outputs?.[0]?.data ?? [] }
}

test('answers, and takes a file that changes without a request that is lost', async () => {
  const { url, server } = await serving('changing.gradpool')
  const [first, second] = models
  expect(await ask(url)).toEqual({ status: 200, version: first?.hash, data: Array.from(first?.y ?? []) })
  const metadata: unknown = await (await fetch(`${url}/v2/models/line`)).json()
  expect(metadata).toMatchObject({ inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }] })

  const told: Told[] = []
  let isOver = false
  const clients = Array.from({ length: 6 }, async () => {
    while (!isOver) told.push(await ask(url))
  })
  for (const { bytes, hash } of [...models.slice(1), ...models]) {
    const path = join(folder.path, 'changing.gradpool')
    await writeFile(path, bytes)
    await expect.poll(() => told.at(-1)?.version, { timeout: 20_000 }).toBe(hash)
  }
  await writeFile(join(folder.path, 'changing.gradpool'), 'no model')
  await server.saidOnStderr('line stays as it was: ')
  isOver = true
  await Promise.all(clients)
  const expected = new Map(models.map(({ hash, y }) => [hash, Array.from(y)]))
  for (const { status, version = '', data } of told) {
    expect({ status, data }).toEqual({ status: 200, data: expected.get(version) })
  }
  expect((await ask(url)).version).toBe(second?.hash)
  server.child.kill('SIGINT')
  expect((await server.ended).code).toBe(0)
})

test('refuses what would be too much, and answers what it took after it is told to stop', async () => {
  const { url, server } = await serving('line.gradpool', '--queue-rows', '4', '--delay', '2500')
  const asked = Array.from({ length: 6 }, () => ask(url))
  const waiting = async () =>
    /waiting_rows\{model="line"\} (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]
  await expect.poll(waiting).toBe('4')
  await expect.poll(() => Promise.race([...asked, Promise.resolve()])).toMatchObject({ status: 429 })
  server.child.kill('SIGTERM')
  const statuses = (await Promise.all(asked)).map(({ status }) => status).sort()
  expect(statuses).toEqual([200, 200, 429, 429, 429, 429])
  const { code, stderr } = await server.ended
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'Stopping: what was asked is answered; once more stops at once\n',
  })
})

test('says in one sentence what it cannot serve', async () => {
  const cwd = folder.path
  await writeFile(join(cwd, 'line.gradpool'), models[0]?.bytes ?? '')
  await writeFile(join(cwd, 'text.gradpool'), 'no model')
  const busy = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void busy.close())
  await new Promise((resolve) => busy.once('listening', resolve))
  const address = busy.address()
  const port = String(typeof address === 'object' ? address?.port : '')
  const mistakes: [string[], RegExp][] = [
    [[], /^Missing required argument 'models'/],
    [['none.gradpool'], /^there is no file 'none\.gradpool'$/m],
    [['text.gradpool'], /'text\.gradpool' /],
    [['line.gradpool', 'line=line.gradpool'], /^two models are called 'line': name one otherwise/],
    [['line.gradpool', '--port', port], /, port \d+: another program listens there$/m],
    [['line.gradpool', '--port', '70000'], /^--port must be a whole number from 0 to 65535/],
    [['line.gradpool', '--host', '203.0.113.7', '--port', '0'], /this machine has no such address$/m],
    [['line.gradpool', '--allow-host', 'a,,b'], /^--allow-host must be names apart by commas, not 'a,,b'$/m],
    [['latest/one'], /^There are no runs in 'runs'/],
  ]
  for (const [args, sentence] of mistakes) await expectMistake(['serve', ...args], sentence, { cwd })
  await rm(join(cwd, 'text.gradpool'))
})
