/** All figures of a stage, from its saved model and the examples of its test. */
import { valuesOf, type SavedModel } from '@gradpool/storage'
import { createPool } from '@gradpool/worker-pool'
import { classificationFigures } from './classification.js'
import { codeFigures, reconstructionFigures, walkFigures, type RunUmap } from './encoding.js'
import { examplesOf, type FigureData } from './examples.js'
import { hashingFigures } from './hashing.js'
import { regressionFigures } from './regression.js'
import type { StageFigures } from './stage-figures.js'
import { weightFigures } from './weights.js'
import type { UmapTask } from '../umap-thread.js'

/** Threads that map codes. */
export interface UmapThreads {
  readonly run: RunUmap
  close(): Promise<void>
}

export function umapThreads(workers: number): UmapThreads {
  // Threads load what was built.
  const { href: workerModule } = import.meta.url.endsWith('.ts')
    ? new URL('../../dist/umap-thread.js', import.meta.url)
    : new URL('./umap-thread.js', import.meta.url)
  let pool: ReturnType<typeof createPool<UmapTask, readonly (readonly number[])[]>> | undefined
  return {
    async run(task) {
      pool ??= createPool({ workers, workerModule, exportName: 'umapOf' })
      const [points = []] = await pool.run([task])
      return points
    },
    close: async () => pool?.close(),
  }
}

/** @param seed of the stage: it chooses among the examples */
export async function figuresOf(
  { predict, states }: SavedModel,
  data: FigureData,
  { seed, runUmap }: { readonly seed: number; readonly runUmap: RunUmap },
): Promise<StageFigures> {
  if (predict === undefined) return { image: null }
  const values = valuesOf(states)
  const examples = await examplesOf(predict, values, data, seed >>> 0)
  if (examples === undefined) return { image: null }
  const { image } = examples
  const judged = classificationFigures(examples)
  const regression = regressionFigures(examples)
  const reconstruction = reconstructionFigures(examples)
  const code = examples.predicted.get('code')
  const hashing = code && code.size > 1 && isBetween0And1(code.values) ? hashingFigures(examples) : undefined
  const weights = weightFigures(states, image)
  const [codes, walks] = await Promise.all([codeFigures(examples, runUmap), walkFigures(predict, values, examples)])
  return {
    image: image && { height: image.height, width: image.width },
    ...judged,
    ...(regression && { regression }),
    ...(reconstruction && { reconstruction }),
    ...(codes && { codes }),
    ...(weights && { weights }),
    ...(walks && { walks }),
    ...(hashing && { hashing }),
  }
}

/** Then they stand for bits. */
function isBetween0And1(values: ArrayLike<number>): boolean {
  return Array.from(values).every((value) => value >= 0 && value <= 1)
}
