import { UserError } from '@gradpool/core'
import { Program, type BatchProgram, type Engine, type Execution } from '@gradpool/core/engine'
import process from 'node:process'
import { afterEach, expect, it, vi } from 'vitest'
import type { TrainingPlan } from '../plan/training-plan.js'
import { checkMemory } from './check-memory.js'

afterEach(() => vi.restoreAllMocks())

/** A training with one state of so many megabytes. */
function planWith(megabytes: number): TrainingPlan {
  const shape = [megabytes * 250_000]
  const program = new Program({
    nodes: [{ op: 'input', inputs: [], attributes: {}, shape, dtype: 'f32' }],
    inputs: [{ role: 'state', name: 'w', node: 0, initializer: { kind: 'constant', value: 0 } }],
    updates: [],
    results: [],
  })
  const training: BatchProgram = {
    batchSize: 1,
    numExamples: 1,
    shuffle: false,
    metrics: [],
    program,
  }
  const data = { fields: {}, rows: Int32Array.of(0) }
  const pass = { program: training, data }
  return { name: 'a', hash: 'a', seed: 0, epochs: 1, keep: 'last', training: pass, work: 1 }
}

/** Counts what is compiled, and what of it is left. */
function countingEngine(): Engine & { compiled: number; open: number } {
  const engine = {
    name: 'counting',
    description: '',
    numerics: 'none',
    workerModule: '',
    compiled: 0,
    open: 0,
    allocate: (numBytes: number) => new Uint8Array(numBytes),
    dispose: () => Promise.resolve(),
    compile() {
      engine.compiled++
      engine.open++
      // Nothing else of it is asked for.
      return Promise.resolve({ dispose: () => engine.open-- } as unknown as Execution)
    },
  }
  return engine
}

const available = (bytes: number) => vi.spyOn(process, 'availableMemory').mockReturnValue(bytes)

it('refuses what this machine has no memory for, with the number', async () => {
  available(2e9)
  await expect(checkMemory([planWith(600)], countingEngine(), 2)).rejects.toThrow(
    new UserError('training needs about 2400 MB for the states of one training, and 2000 MB are available'),
  )
})

it('counts the largest that train at one time', async () => {
  available(2e9)
  const plans = [1, 2, 3].map(() => planWith(300))
  await expect(checkMemory(plans, countingEngine(), 2)).rejects.toThrow(
    'about 2400 MB for the states of 2 trainings at one time (fewer workers need less), and',
  )
  await checkMemory(plans, countingEngine(), 1)
})

it('asks the engine for what large trainings need, and gives it back', async () => {
  available(2e9)
  const engine = countingEngine()
  await checkMemory([planWith(100)], engine, 2)
  expect(engine).toMatchObject({ compiled: 1, open: 0 })

  const compile = () => Promise.reject(new UserError('the arena has no room'))
  await expect(checkMemory([planWith(100)], { ...engine, compile }, 2)).rejects.toThrow('the arena has no room')
})

it('asks nothing where little is needed', async () => {
  available(0)
  const engine = countingEngine()
  await checkMemory([planWith(1)], engine, 2)
  expect(engine.compiled).toBe(0)
})
