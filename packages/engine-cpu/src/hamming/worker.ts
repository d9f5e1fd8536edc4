/**
 * Does tasks of scans in any thread: this is the module a worker loads, and it loads nothing else
 * than the kernels' glue.
 */
import { kernelsFor } from '../instantiate.js'
import type { ScanTask } from './scan.js'

/** Whether the scan was done: the kernels refuse one that does not stay in its memory. */
export function executeChunk(task: unknown): boolean {
  const { scan, stackTop } = task as ScanTask
  return kernelsFor(task as ScanTask).scan(scan, stackTop)
}
