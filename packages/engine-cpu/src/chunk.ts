/** Runs chunks in any thread. Workers load this module, so it imports nothing but the code that calls the kernels. */
import { EXEC_STATUS } from './instructions.js'
import { kernelsFor } from './instantiate.js'
import type { ArenaTask } from './kernels.js'

export interface CpuChunkTask extends ArenaTask {
  /** Address of the execution's words (`EXEC`). */
  readonly exec: number
  readonly steps: number
  /** This thread's number among those that run the chunk together. */
  readonly worker: number
}

export function executeChunk(task: unknown): (typeof EXEC_STATUS)[number] {
  const { exec, steps, stackTop, worker } = task as CpuChunkTask
  const kernels = kernelsFor(task as CpuChunkTask)
  return EXEC_STATUS[kernels.run(exec, steps, stackTop, worker)] ?? 'refused'
}
