/**
 * Runs tasks of scans in any thread. Workers load this module, so it imports nothing but the code that calls the
 * kernels.
 */
import { kernelsFor } from '../instantiate.js'
import type { ScanTask } from './scan.js'

/** Returns false if the kernels refuse the scan, as it does not stay in its memory. */
export function executeChunk(task: unknown): boolean {
  const { scan, stackTop } = task as ScanTask
  return kernelsFor(task as ScanTask).scan(scan, stackTop)
}
