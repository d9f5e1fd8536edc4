/** The worker threads of an engine. */
import type { Engine } from '@gradpool/core/engine'
import { createPool, STUCK, type WorkerPool } from '@gradpool/worker-pool'

/** Its tasks are those that `Execution.begin` makes; only the engine's module knows them. */
export type EnginePool = WorkerPool

/**
 * @param onWarning Told in one sentence of what is wrong with a thread, but with none of the trainings.
 * @param onStuck As the pool's.
 */
export function enginePool(
  { workerModule }: Pick<Engine, 'workerModule'>,
  workers: number,
  onWarning: (message: string) => void,
  onStuck: () => void = () => undefined,
): EnginePool {
  return createPool({
    workers,
    workerModule,
    exportName: 'executeChunk',
    onError: ({ message }) => onWarning(`a worker thread: ${message}`),
    onStuck() {
      onWarning(STUCK)
      onStuck()
    },
  })
}
