/** `--log csv` and `--log jsonl`: they write what the run itself keeps, also of a stage that is trained already. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StageMetrics } from '@gradpool/orchestrator'
import type { Metrics } from '@gradpool/trainer'
import { expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { contentsOf, emptyFolder, gradpool, runsIn } from './gradpool.js'
import { stageMetrics } from './stage-metrics.js'

const args = ['run', 'mnist_mlp_1p', '--seed', '0,1', '--epochs', '2', '--log', 'csv', '--log', 'jsonl', '--no-report']
const data = smallData()

test('both have the rows of metrics.json, and those of stages of an earlier run', async () => {
  const cwd = await emptyFolder()
  for (const times of [1, 2]) {
    expect(await gradpool([...args, ...data], { cwd })).toMatchObject({ code: 0 })
    const run = join(cwd, 'runs', (await runsIn(cwd)).at(-1) ?? '')
    const stages = await stageMetrics(run)
    expect(stages.map(({ stage }) => stage.seed).sort()).toEqual([0, 1])
    expect(await runsIn(cwd)).toHaveLength(times)
    expect((await contentsOf(join(run, 'csv'))).sort()).toEqual(['mnist_mlp_1p@0.csv', 'mnist_mlp_1p@1.csv'])
    const log = (await readFile(join(run, 'log.jsonl'), 'utf8')).trimEnd().split('\n')
    const events = log.map((line) => JSON.parse(line) as Logged)
    for (const metrics of stages) {
      const training = `mnist_mlp_1p@${metrics.stage.seed}`
      expect(await readFile(join(run, 'csv', `${training}.csv`), 'utf8')).toBe(tableOf(metrics))
      const own = events.filter((event) => event.training === training && event.type !== 'usage')
      expect(own[0]).toMatchObject({ type: 'started', epochs: 2, params: { seed: metrics.stage.seed, batchSize: 10 } })
      expect(own.flatMap(({ row }) => row ?? [])).toEqual(metrics.epochs)
      expect(own.filter(({ type }) => type === 'image')).toHaveLength(metrics.samples.length)
      expect(own.at(-1)).toMatchObject({ type: 'ended', status: 'done', epoch: 2, test: metrics.test })
    }
  }
})

interface Logged {
  readonly type: string
  readonly training: string
  readonly row?: unknown
}

function tableOf({ epochs, test }: StageMetrics): string {
  const cells = (metrics: Metrics | null | undefined) => `${number(metrics?.loss)},${number(metrics?.accuracy)}`
  const lines = epochs.flatMap(({ epoch, seconds, loss, accuracy, validation }) => [
    `${epoch},train,${seconds},${number(loss)},${number(accuracy)}`,
    `${epoch},validation,,${cells(validation)}`,
  ])
  return ['epoch,split,seconds,loss,accuracy', ...lines, `2,test,,${cells(test)}`, ''].join('\n')
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Error(`${JSON.stringify(value)} is no number`)
  return value
}
