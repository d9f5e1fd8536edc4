/**
 * Does tasks of scans in any thread: this is the module a worker loads, and it loads nothing else
 * than the kernels' glue.
 */
import { instantiate } from '../instantiate.js'
import type { Kernels } from '../kernels.js'
import type { ScanTask } from './scan.js'

/** A thread serves one collection at a time. */
let current: { readonly arena: string; readonly kernels: Kernels } | undefined

/** Whether the scan was done: the kernels refuse one that does not stay in its memory. */
export function executeChunk(task: unknown): boolean {
  const { arena, code, memory, scan, stackTop } = task as ScanTask
  if (current?.arena !== arena) current = { arena, kernels: instantiate(code, memory) }
  return current.kernels.scan(scan, stackTop)
}
