/**
 * The reference evaluator as one more engine, so that the suite is held to what it holds others to.
 * States are rounded to f32 after each step.
 */
import {
  BaseEngine,
  SharedRecord,
  SharedStates,
  type Backend,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Program,
} from '@gradpool/core/engine'
import { runSteps, type ReferenceTask } from './reference-chunk.js'

export function referenceEngine(): Promise<Engine> {
  return Promise.resolve(new ReferenceEngine())
}

class ReferenceEngine extends BaseEngine<SharedStates> {
  readonly name = 'reference'
  readonly description = 'the reference evaluator'
  readonly numerics = 'reference'
  readonly workerModule = new URL(
    import.meta.url.endsWith('.ts') ? '../dist/reference-chunk.js' : './reference-chunk.js',
    import.meta.url,
  ).href
  readonly allocate = (numBytes: number): Uint8Array => new Uint8Array(numBytes)

  createStates(program: Program): SharedStates {
    return SharedStates.create(program)
  }

  prepare(program: BatchProgram, { data, seed }: CompileOptions, states: SharedStates): Backend {
    const record = SharedRecord.create(program)
    const task = (steps: number): ReferenceTask => ({
      program,
      fields: data.fields,
      rows: data.rows,
      seed,
      steps,
      record: record.data,
      states: states.data,
    })
    return {
      workers: 1,
      record,
      tasks: (steps) => [task(steps)],
      slices: (steps) => runSteps(task(steps)),
      abandon: () => (record.stopped = true),
      dispose: () => record.dispose(),
    }
  }
}
