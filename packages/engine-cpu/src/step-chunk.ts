/**
 * Runs chunks, and tasks of scans, in any thread. Workers load this module, so it imports nothing but the code that
 * calls the kernels.
 */
import type { ScanTask } from './hamming/scan.js'
import { EXEC_STATUS } from './instructions.js'
import { kernelsFor } from './instantiate.js'
import type { ArenaTask, Kernels } from './kernels.js'

/** A chunk, or a worker's part of it, in the arena. */
export interface ChunkCall {
  /** Address of the execution's words (`EXEC`). */
  readonly exec: number
  readonly steps: number
  readonly stackTop: number
  /** This thread's number among those that run the chunk together. */
  readonly worker: number
  /** Address of this thread's profile (`PROFILE`); undefined where there is none. */
  readonly profile?: number
}

export type CpuChunkTask = ArenaTask & ChunkCall

export function executeChunk(task: unknown): (typeof EXEC_STATUS)[number] {
  return EXEC_STATUS[runCall(kernelsFor(task as CpuChunkTask), task as CpuChunkTask)] ?? 'refused'
}

/** Returns false if the kernels refuse the scan, as it does not stay in its memory. */
export function executeScan(task: unknown): boolean {
  const { scan, stackTop } = task as ScanTask
  return kernelsFor(task as ScanTask).scan(scan, stackTop)
}

/** How it ended, as `Kernels.run`. Only a call with a profile runs the code that takes times. */
export function runCall(kernels: Kernels, { exec, steps, stackTop, worker, profile }: ChunkCall): number {
  return profile === undefined
    ? kernels.run(exec, steps, stackTop, worker)
    : kernels.profile(exec, steps, stackTop, worker, profile)
}
