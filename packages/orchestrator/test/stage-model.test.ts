/** What a stage leaves behind predicts, and says what made it. */
import { type Batch, cast, defineModel, div, matmul, mean, parameter, sigmoid, square, sub } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { wasmEngine } from '@gradpool/engine-cpu'
import { classify, defineExperiment, planExperiment } from '@gradpool/experiments'
import { loadModel } from '@gradpool/trainer'
import { basename } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runExperiments } from '../src/run-experiments.js'
import { findStageModel } from '../src/runs/find-stage-model.js'
import type { RunEvent } from '../src/runs/run-result.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

/** Its predictions are about the mean of the batch. */
const mixing = defineModel({
  params: { map: parameter([16, 2], { kind: 'normal', mean: 0, std: 1 }) },
  step({ map }, { image }: Batch<'image'>) {
    return { loss: mean(square(matmul(div(cast(image, 'f32'), 255), map))) }
  },
  predict({ map }, { image }) {
    const all = sigmoid(matmul(div(cast(image, 'f32'), 255), map))
    return { centred: sub(all, mean(all, [0])) }
  },
})

it('is a model that predicts as the stage did, with its provenance', async () => {
  const engine = await wasmEngine({ memoryBytes: 64 * 1024 * 1024 })
  onTestFinished(() => engine.dispose())
  const runs = await temporaryFolder()
  const dataset = rowsDataset()
  const train = { batchSize: 6, epochs: 3 }
  const plans = [
    defineExperiment({ name: 'one', data: mnist(), train, stages: [classify({ hidden: [8] })] }),
    defineExperiment({
      name: 'two',
      data: mnist(),
      train,
      stages: [{ name: 'mixing', model: mixing }],
    }),
  ].map((config) => planExperiment(config, { dataset, seed: 5 }))
  const events: RunEvent[] = []
  const run = await runExperiments(plans, {
    engine,
    workers: 1,
    directory: runs,
    onEvent: (event) => events.push(event),
  })
  const { experiments } = await run.result
  expect(experiments).toMatchObject([{ status: 'done' }, { status: 'done' }])

  const { path } = await findStageModel('latest/one', { runs })
  const saved = await loadModel(path, { inputs: ['image'], outputs: { estimate: 'i32' } })
  onTestFinished(() => saved.dispose())
  const { provenance, metrics } = saved
  expect(provenance).toMatchObject({
    numerics: 'exact-2',
    data: { name: 'rows', hash: dataset.hash },
    seed: 5,
    epochs: 3,
    options: { run: basename(run.directory), experiments: ['one'], stage: 'classify' },
  })
  const [one] = experiments
  expect(metrics.test).toEqual(one?.test)
  expect(metrics.validation).toEqual(one?.stages[0]?.epochs[2]?.validation)
  const { image, label } = dataset.fields.test ?? {}
  const { estimate } = await saved.predict({ image: image?.values as Uint8Array })
  const right = estimate.filter((value, row) => value === label?.values[row]).length
  expect(right / 20).toBe(one?.accuracy)
  expect(Object.keys(saved.weights).some((name) => name.startsWith('optimizer/'))).toBe(true)

  const mixed = await loadModel((await findStageModel('latest/two', { runs })).path)
  expect(mixed.outputs).toEqual({})
  expect(events).toContainEqual({
    type: 'warning',
    message: expect.stringMatching(
      /^the model of mixing is saved in part: the prediction "centred" cannot be saved/,
    ) as string,
  })
})
