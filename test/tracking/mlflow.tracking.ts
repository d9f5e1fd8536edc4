/** A real `mlflow server`: what it has of a run is what the run has, and a server that is away costs the log alone. */
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { adam, defineModel } from '@gradpool/core'
import { crossEntropy, dense } from '@gradpool/models'
import { mlflow } from '@gradpool/tracking'
import { fit, type Sink } from '@gradpool/trainer'
import { PNG } from 'pngjs'
import { afterAll, expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from '../gradpool.js'
import { orSkip } from '../queue/or-skip.js'
import { freePort } from '../servers/server-process.js'
import { onlyStageMetrics } from '../stage-metrics.js'
import { startMlflow, type MlflowRun, type MlflowServer } from './mlflow-server.js'

/** Of all tests here, as it takes long to start; the last one kills it. */
let starting: Promise<MlflowServer> | undefined
const theServer = () => (starting ??= startMlflow())
afterAll(() => starting?.then(({ stop }) => stop()).catch(() => undefined))

const data = smallData()
const byKey = (pairs: MlflowRun['data']['params'] = []) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]))

async function lastRun(cwd: string) {
  return join(cwd, 'runs', (await runsIn(cwd)).at(-1) ?? '')
}

const warningOf = (url: string) =>
  `the log to MLflow ends here, and the training goes on: MLflow at ${url} does not answer: ECONNREFUSED`

/** The warnings of logs among what a command said. */
const logWarnings = (said: string) => said.split('\n').filter((line) => line.includes('log to MLflow'))

test('a run of the command is a run there: parameters, every metric, tags and artifacts', async (context) => {
  const server = await orSkip(context, theServer())
  const cwd = await emptyFolder()
  const args = ['run', 'mnist_mlp_1p', '--epochs', '2', '--log', 'mlflow', '--no-report', ...data]
  const env = { MLFLOW_TRACKING_URI: server.url, MLFLOW_EXPERIMENT_NAME: 'digits' }
  for (let time = 1; time <= 2; time++) {
    const ended = await gradpool([...args, '--fresh'], { cwd, env })
    expect(ended.code).toBe(0)
    expect(logWarnings(ended.stdout)).toEqual([])
  }
  const runs = await server.runsOf('digits')
  expect(runs).toHaveLength(2)
  const [, run] = runs
  if (run === undefined) return
  const { stage, epochs, test, samples } = await onlyStageMetrics(await lastRun(cwd))

  expect(run.info).toMatchObject({ run_name: 'mnist_mlp_1p', status: 'FINISHED' })
  expect(run.info.end_time).toBeGreaterThan(run.info.start_time)
  expect(byKey(run.data.params)).toMatchObject({
    experiment: 'mnist_mlp_1p',
    stage: stage.name,
    'optimizer.kind': 'adam',
    'optimizer.learningRate': '0.001',
    batchSize: '10',
    epochs: '2',
    seed: '0',
    shuffle: 'true',
  })
  expect(byKey(run.data.tags)).toMatchObject({ 'mlflow.source.name': 'gradpool', 'mlflow.runName': 'mnist_mlp_1p' })

  const expected = {
    loss: epochs.map(({ epoch, loss }) => [epoch, loss]),
    accuracy: epochs.map(({ epoch, accuracy }) => [epoch, accuracy]),
    seconds: epochs.map(({ epoch, seconds }) => [epoch, seconds]),
    'validation.loss': epochs.map(({ epoch, validation }) => [epoch, validation?.loss]),
    'validation.accuracy': epochs.map(({ epoch, validation }) => [epoch, validation?.accuracy]),
    'test.loss': [[2, test?.loss]],
    'test.accuracy': [[2, test?.accuracy]],
  }
  const keys = run.data.metrics?.map(({ key }) => key) ?? []
  expect(keys.sort()).toEqual([...Object.keys(expected), 'system/cpu_cores', 'system/memory_megabytes'].sort())
  for (const [key, history] of Object.entries(expected)) expect(await server.historyOf(run, key), key).toEqual(history)

  const artifacts = [...(await server.artifactsOf(run)).keys()]
  expect(artifacts).toHaveLength(samples.length + 1)
  const first = artifacts.find((path) => path.startsWith('samples/1')) ?? ''
  const { data: pixels, width, height } = PNG.sync.read(await server.artifact(run, first))
  expect([height, width]).toEqual(samples[0]?.imageShape)
  expect(Array.from({ length: width * height }, (_, at) => pixels[4 * at])).toEqual(samples[0]?.image)
  expect(artifacts).toContain('weights/first layer.png')
})

const model = defineModel({
  params: { output: dense(2, 2) },
  step: ({ output }, { image, label }) => ({ loss: crossEntropy(output(image), label) }),
})
const points = {
  image: { values: Float32Array.from({ length: 40 }, (_, at) => ((at * 7) % 11) / 11), shape: [2] },
  label: { values: Uint8Array.from({ length: 20 }, (_, at) => at % 2), shape: [] },
}

test('fit: more metrics than a request may have, what is not finite, tables, files and tags', async (context) => {
  const server = await orSkip(context, theServer())
  const sink = mlflow({ url: server.url, experiment: 'of fit', tags: { team: '한글' } })
  const strange: Readonly<Record<number, number>> = { 2: NaN, 3: Infinity, 4: -Infinity }
  const sinks: Sink[] = [
    {
      ...sink,
      write(event) {
        const loss = event.type === 'epoch' ? strange[event.row.epoch] : undefined
        return sink.write(
          event.type === 'epoch' && loss !== undefined ? { ...event, row: { ...event.row, loss } } : event,
        )
      },
    },
  ]
  const warnings: string[] = []
  const { history } = await fit(model, {
    data: points,
    epochs: 700,
    batchSize: 10,
    optimizer: adam(),
    sinks,
    onWarning: (message) => warnings.push(message),
    onEpoch({ row, log }) {
      if (row.epoch !== 5) return
      log.table('worst/rows', { columns: ['row', 'loss'], rows: [[17, 2.3]] })
      log.file('notes/한글 + 1.txt', 'text')
    },
  })
  expect(warnings).toEqual([])
  const [run, ...more] = await server.runsOf('of fit')
  expect(more).toEqual([])
  if (run === undefined) throw new Error('there is no run')
  expect(run.info.status).toBe('FINISHED')
  expect(byKey(run.data.tags)).toMatchObject({ team: '한글' })
  const losses = await server.historyOf(run, 'loss')
  expect(losses.map(([step]) => step)).toEqual(history.map(({ epoch }) => epoch))
  const finite = ([step]: readonly [number, unknown]) => strange[step] === undefined
  expect(losses.filter(finite)).toEqual(history.map(({ epoch, loss }) => [epoch, loss] as const).filter(finite))
  expect(JSON.parse(String(await server.artifact(run, 'worst/rows at epoch 5.json')))).toEqual({
    columns: ['row', 'loss'],
    data: [[17, 2.3]],
  })
  expect(String(await server.artifact(run, 'notes/한글 + 1.txt'))).toBe('text')
})

test('a server that is away is one warning, and the run is done', async () => {
  const cwd = await emptyFolder()
  const url = `http://127.0.0.1:${await freePort()}`
  const args = ['run', 'mnist_mlp_1p', '--epochs', '2', '--log', `mlflow=${url}`, '--no-report', ...data]
  const { code, stdout } = await gradpool(args, { cwd })
  expect(code).toBe(0)
  expect(logWarnings(stdout)).toEqual([expect.stringContaining(warningOf(url))])
  expect((await onlyStageMetrics(await lastRun(cwd))).epochs).toHaveLength(2)
})

test('a server that dies in the middle is one warning, and the run is done', async (context) => {
  const server = await orSkip(context, theServer())
  const cwd = await emptyFolder()
  const epochs = 400
  const args = ['run', 'mnist_mlp_all', '--epochs', String(epochs), '--log', `mlflow=${server.url}`, '--no-report']
  const { ended, child } = start([...args, ...data], { cwd })
  const isLogged = async () => {
    const [run] = await server.runsOf('gradpool')
    return run !== undefined && (await server.historyOf(run, 'loss')).length > 0
  }
  while (!(await isLogged())) await delay(20)
  expect(child.exitCode).toBeNull()
  await server.kill()
  const { code, stdout } = await ended
  expect(code).toBe(0)
  expect(logWarnings(stdout)).toEqual([expect.stringContaining(warningOf(server.url))])
  expect((await onlyStageMetrics(await lastRun(cwd))).epochs).toHaveLength(epochs)
})
