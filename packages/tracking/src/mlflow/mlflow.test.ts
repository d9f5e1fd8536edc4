import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SinkFeed } from '@gradpool/trainer'
import { afterEach, expect, test } from 'vitest'
import { smallItems } from '../testing/small-log.js'
import { mlflow } from './mlflow.js'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Asked {
  readonly path: string
  readonly body: Buffer
}

const uri = 'mlflow-artifacts:/7/r1/artifacts'

const answers: Readonly<Record<string, object>> = {
  'experiments/create': { experiment_id: '7' },
  'runs/create': { run: { info: { run_id: 'r1', artifact_uri: uri } } },
}

/** Knows no experiment. */
async function fakeServer(status = 200): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const path = (request.url ?? '').replace(/^\/api\/2\.0\/(mlflow\/)?/, '')
      asked.push({ path, body })
      const isMissing = path.startsWith('experiments/get-by-name')
      const answer = status === 200 ? (answers[path] ?? {}) : { message: 'so' }
      response.writeHead(isMissing ? 404 : status).end(JSON.stringify(answer))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

async function told(url: string): Promise<string[]> {
  const warnings: string[] = []
  const feed = new SinkFeed({ sinks: [mlflow({ url, experiment: 'e' })], warn: (message) => warnings.push(message) })
  for (const item of smallItems) feed.tell('digits', item)
  await feed.close('interrupted')
  return warnings
}

test('a training is a run, with metrics in batches and artifacts', async () => {
  const { url, asked } = await fakeServer()
  expect(await told(url)).toEqual([])
  const json = (path: string) =>
    asked.filter((one) => one.path === path).map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>)
  expect(json('experiments/create')).toEqual([{ name: 'e' }])
  expect(json('runs/create')).toMatchObject([{ experiment_id: '7', run_name: 'digits' }])
  const [params, ...batches] = json('runs/log-batch')
  expect(params?.params).toContainEqual({ key: 'optimizer.name', value: 'adam' })
  const metrics = batches.flatMap((batch) => batch.metrics)
  expect(metrics).toContainEqual(expect.objectContaining({ key: 'validation.accuracy', value: 0.75, step: 2 }))
  expect(metrics).toContainEqual(expect.objectContaining({ key: 'loss', value: 'NaN', step: 2 }))
  expect(metrics).toContainEqual(expect.objectContaining({ key: 'test.accuracy', value: 0.625 }))
  expect(json('runs/update')).toMatchObject([{ run_id: 'r1', status: 'FINISHED' }])
  const artifacts = asked.flatMap(
    ({ path }) => /^mlflow-artifacts\/artifacts\/7\/r1\/artifacts\/(.*)$/.exec(path)?.[1] ?? [],
  )
  expect(artifacts.map(decodeURIComponent)).toEqual([
    'inputs/one at epoch 1.png',
    'worst at epoch 1.json',
    'notes.txt',
    'test.confusion.json',
    'weights/first layer.png',
  ])
})

test('a server that refuses is one warning', async () => {
  const { url } = await fakeServer(403)
  expect(await told(url)).toEqual([
    `the log to MLflow ends here, and the training goes on: MLflow at ${url} answers 403: so`,
  ])
})

test('a server that is away is one warning', async () => {
  const { url } = await fakeServer()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  expect(await told(url)).toEqual([
    `the log to MLflow ends here, and the training goes on: MLflow at ${url} does not answer: ECONNREFUSED`,
  ])
})

test('addresses', () => {
  expect(() => mlflow({ url: 'file:///tmp/mlruns' })).toThrow('an address such as')
  expect(() => mlflow({ url: 'http://me:secret@host' })).toThrow('MLFLOW_TRACKING_PASSWORD')
})
