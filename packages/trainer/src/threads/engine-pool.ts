/** The worker threads of an engine. */
import type { Engine } from '@gradpool/core/engine'
import { createPool, STUCK } from '@gradpool/worker-pool'
import type { Rounds, ThreadRound } from '../run-rounds.js'
import { roundsUrl } from '../thread-files.js'

/** Threads that run chunks of any execution of the engine. */
export interface EnginePool {
  /** How many; where there are none, chunks run in this thread, by `Execution.run`. */
  readonly threads: number
  /** On one thread. @throws as `run` of the pool of threads, and when the signal is aborted */
  run(rounds: Omit<Rounds, 'workerModule'>, signal: AbortSignal): Promise<readonly ThreadRound[]>
  close(): Promise<void>
}

const here: EnginePool = {
  threads: 0,
  run: () => Promise.reject(new Error('there are no threads')),
  close: () => Promise.resolve(),
}

/**
 * @param onWarning Told in one sentence of what is wrong with a thread, but with none of the trainings.
 * @param onStuck As the pool's.
 */
export function enginePool(
  { workerModule, threads = true }: Pick<Engine, 'threads' | 'workerModule'>,
  workers: number,
  onWarning: (message: string) => void,
  onStuck: () => void = () => undefined,
): EnginePool {
  if (!threads) return here
  const pool = createPool<Rounds, readonly ThreadRound[]>({
    workers,
    workerModule: roundsUrl(),
    exportName: 'runRounds',
    onError: ({ message }) => onWarning(`a worker thread: ${message}`),
    onStuck() {
      onWarning(STUCK)
      onStuck()
    },
  })
  return {
    threads: workers,
    async run(rounds, signal) {
      const [made = []] = await pool.run([{ ...rounds, workerModule }], signal)
      return made
    },
    close: () => pool.close(),
  }
}
