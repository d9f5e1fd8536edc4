/** A run of small networks on made images, done in a moment, and what it told. */
import { adam } from '@gradpool/core'
import { arrays, loadDataset } from '@gradpool/datasets'
import { wasmEngine } from '@gradpool/engine-cpu'
import { autoencode, classify, defineExperiment, hash, planExperiment } from '@gradpool/experiments'
import { runExperiments, type RunEvent } from '@gradpool/orchestrator'
import { regress } from '@gradpool/models'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SIDE = 6
const CLASSES = 3
const COUNT = 120

/**
 * One bright row of pixels, whose place is the class, on a pattern that no two images have in common; some images are
 * of another class than they look, so that no model is right about all.
 */
function madeImages() {
  const looksLike = (example: number) => (example % 7 === 0 ? example + 1 : example) % CLASSES
  const classOf = (example: number) => example % CLASSES
  const pixel = (_: unknown, at: number) => {
    const [example, place] = [Math.floor(at / SIDE ** 2), at % SIDE ** 2]
    return Math.floor(place / SIDE) === 2 * looksLike(example) ? 200 + (at % 50) : (at * 7 + example * 13) % 90
  }
  return {
    image: { values: Uint8Array.from({ length: COUNT * SIDE ** 2 }, pixel), shape: [SIDE, SIDE] },
    label: { values: Uint8Array.from({ length: COUNT }, (_, example) => classOf(example)), shape: [] },
  }
}

function madeNumbers() {
  const x = Float32Array.from({ length: 2 * COUNT }, (_, at) => ((at * 37) % 101) / 50 - 1)
  const y = Float32Array.from({ length: COUNT }, (_, row) => 3 * (x[2 * row] ?? 0) - (x[2 * row + 1] ?? 0))
  return { x: { values: x, shape: [2] }, y: { values: y, shape: [] } }
}

const train = { optimizer: adam({ learningRate: 0.01 }), batchSize: 10, epochs: 8 }

export function smallExperiments(condition = '') {
  const images = arrays(madeImages(), { test: 0.25, validation: 0.1 })
  return [
    defineExperiment({
      name: 'coded',
      condition,
      data: images,
      train,
      stages: [
        autoencode({ encoder: [8, 4], decoder: [8, SIDE ** 2], codeActivation: 'linear' }),
        classify({ hidden: [6], encoder: 'fineTuned' }),
      ],
    }),
    defineExperiment({ name: 'hashed', data: images, train, stages: [hash({ encoder: [8], labels: true })] }),
    defineExperiment({
      name: 'fitted',
      data: arrays(madeNumbers(), { test: 0.25 }),
      train,
      stages: [regress({ hidden: [4], quantiles: [0.1, 0.5, 0.9] })],
      onEpoch({ row, log }) {
        log.image('a gradient', { values: Array.from({ length: 12 }, (_, at) => at * row.epoch), shape: [3, 4] })
        log.file('epoch.txt', `epoch ${row.epoch}`)
      },
    }),
  ]
}

export interface SmallRun extends AsyncDisposable {
  readonly directory: string
  readonly events: readonly RunEvent[]
}

export async function smallRun(experiments = smallExperiments()): Promise<SmallRun> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-report-'))
  const events: RunEvent[] = []
  const engine = await wasmEngine()
  try {
    const plans = []
    for (const config of experiments) {
      const dataset = await loadDataset(config.data, { allocate: engine.allocate })
      plans.push(planExperiment(config, { dataset, seed: 0 }))
    }
    const run = await runExperiments(plans, {
      engine,
      workers: 2,
      directory: join(folder, 'runs'),
      onEvent: (event) => events.push(event),
    })
    await run.result
    return {
      directory: run.directory,
      events,
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    }
  } finally {
    await engine.dispose()
  }
}
