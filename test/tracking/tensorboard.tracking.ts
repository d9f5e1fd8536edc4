/** Event files of a run, read by TensorBoard's own EventAccumulator, which checks every checksum. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, runsIn } from '../gradpool.js'
import { orSkip } from '../queue/or-skip.js'
import { onlyStageMetrics } from '../stage-metrics.js'
import { printedBy } from './python.js'

const reader = fileURLToPath(new URL('../../tools/oracles/tensorboard_read.py', import.meta.url))
const data = smallData()

interface Read {
  readonly tags: Readonly<Record<string, Tag>>
  readonly graph: Readonly<Record<string, { readonly op: string; readonly inputs: readonly string[] }>>
}

interface Tag {
  readonly plugin: string
  readonly steps: readonly number[]
  readonly values?: readonly number[]
  readonly counts?: readonly (readonly number[])[]
  readonly sizes?: readonly (readonly number[])[]
  readonly hparams?: Readonly<Record<string, unknown>>
  readonly status?: number
}

/** What TensorBoard keeps is single precision. */
const rounded = (values: readonly unknown[]) => values.map((value) => Math.fround(Number(value)))

test('TensorBoard reads scalars, histograms, images, the graph and HParams of a run', async (context) => {
  const cwd = await emptyFolder()
  const logs = ['--log', 'tensorboard', '--log', 'jsonl', '--no-report']
  expect(await gradpool(['run', 'mnist_mlp_1p', '--epochs', '2', ...logs, ...data], { cwd })).toMatchObject({ code: 0 })
  const run = join(cwd, 'runs', (await runsIn(cwd)).at(-1) ?? '')
  const { epochs, test, samples } = await onlyStageMetrics(run)
  const read = (await orSkip(context, printedBy(reader, [join(run, 'tensorboard')]))) as Record<string, Read>
  expect(Object.keys(read)).toEqual(['mnist_mlp_1p'])
  const { tags = {}, graph = {} } = read.mnist_mlp_1p ?? {}
  const of = (plugin: string) => Object.fromEntries(Object.entries(tags).filter(([, tag]) => tag.plugin === plugin))

  const each = (values: readonly unknown[]) => ({ plugin: 'scalars', steps: [1, 2], values: rounded(values) })
  const atEnd = (value: unknown) => ({ plugin: 'scalars', steps: [2], values: rounded([value]) })
  const { 'system/cores': cores, 'system/memory (MiB)': memory, ...scalars } = of('scalars')
  expect(scalars).toEqual({
    'loss/train': each(epochs.map(({ loss }) => loss)),
    'accuracy/train': each(epochs.map(({ accuracy }) => accuracy)),
    'loss/validation': each(epochs.map(({ validation }) => validation?.loss)),
    'accuracy/validation': each(epochs.map(({ validation }) => validation?.accuracy)),
    'loss/test': atEnd(test?.loss),
    'accuracy/test': atEnd(test?.accuracy),
    'seconds/epoch': each(epochs.map(({ seconds }) => seconds)),
  })
  expect(cores?.values?.[0]).toBeGreaterThan(0)
  expect(memory?.values?.[0]).toBeGreaterThan(10)

  const counts = Object.entries(of('histograms')).map(([name, tag]) => {
    expect(tag.steps).toEqual([2])
    return [name, (tag.counts?.[0] ?? []).reduce((sum, count) => sum + count, 0)]
  })
  expect(Object.fromEntries(counts)).toEqual({
    'weights/head.0.weight': 7840,
    'weights/head.0.bias': 10,
    'weights/head.1.weight': 100,
    'weights/head.1.bias': 10,
  })

  const { 'weights/first layer': firstLayer, ...images } = of('images')
  // Ten units of 28 by 28 in three rows of four, with lines around them.
  expect(firstLayer?.sizes).toEqual([[4 * 29 + 1, 3 * 29 + 1]])
  expect(Object.keys(images)).toEqual(
    samples.map(({ truth, estimate }, at) => `samples/${at + 1}: truth ${truth}, estimate ${estimate}`),
  )
  for (const { sizes } of Object.values(images)) expect(sizes).toEqual([[28, 28]])

  const [line = ''] = (await readFile(join(run, 'log.jsonl'), 'utf8')).split('\n')
  const { params } = JSON.parse(line) as { params: Record<string, unknown> }
  expect(params).toMatchObject({ 'optimizer.kind': 'adam', batchSize: 10, epochs: 2, shuffle: true })
  expect(tags['_hparams_/session_start_info']?.hparams).toEqual(params)
  // 1 is a success.
  expect(tags['_hparams_/session_end_info']?.status).toBe(1)

  const nodes = Object.entries(graph)
  expect(nodes.filter(([, { op }]) => op === 'matmul')).toHaveLength(2)
  expect(graph['head/0/weight']?.op).toBe('input')
  for (const [name, { inputs }] of nodes) for (const input of inputs) expect(graph, name).toHaveProperty([input])
})
