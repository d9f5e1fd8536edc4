/**
 * An engine one of whose threads fails in the middle of a chunk: one that several run together, or one of a replica.
 */
import type { BatchProgram, Engine, Execution, ChunkTask } from '@gradpool/core/engine'

export interface Fault {
  readonly kind: 'exit' | 'throw' | 'loop'
  /** Which of the threads, from 0; of replicas, which of them. */
  readonly thread: number
  /** Steps of the chunk that it still does. */
  readonly steps: number
}

/** @param faults One for each such chunk, as long as there are any; they are taken from the array. */
export function faultyEngine(engine: Engine, faults: Fault[]): Engine {
  const real = new WeakMap<object, Execution>()
  const wrap = (task: ChunkTask, fault?: Fault) => ({
    workerModule: engine.workerModule,
    task,
    fault,
  })
  return overlay(engine, {
    workerModule: new URL(
      import.meta.url.endsWith('.ts') ? '../dist/faulty-worker.js' : './faulty-worker.js',
      import.meta.url,
    ).href,
    async compile(program, { shareStateOf, ...options }) {
      const shared = shareStateOf && { shareStateOf: real.get(shareStateOf) ?? shareStateOf }
      const execution = await engine.compile(program, { ...options, ...shared })
      const faulty = overlay(execution, {
        begin(steps, options = {}) {
          const { workers = 1 } = options
          const nextFault = () => {
            if (workers > 1) return isTraining(program) ? faults.shift() : undefined
            return isReplica(program, faults[0]?.thread) ? faults.shift() : undefined
          }
          const fault = nextFault()
          const threadHit = workers > 1 ? fault?.thread : 0
          return execution
            .begin(steps, options)
            .map((task, thread) => wrap(task, thread === threadHit ? fault : undefined))
        },
      })
      real.set(faulty, execution)
      return faulty
    },
  })
}

/** A training, and not an evaluation, nor the mean of replicas. */
function isTraining({ program: { results, updates } }: BatchProgram): boolean {
  return results.length > 0 && updates.length > 0
}

function isReplica({ program }: BatchProgram, replica = -1): boolean {
  const isOf = ({ name }: { readonly name: string }) => name.startsWith(`replica ${replica}/`)
  return program.results.length > 0 && program.updates.some(isOf)
}

/** An object with some of its members replaced. */
function overlay<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const source = name in replaced ? replaced : target
      const value: unknown = Reflect.get(source, name, source)
      return typeof value === 'function' ? (value.bind(source) as unknown) : value
    },
  })
}
