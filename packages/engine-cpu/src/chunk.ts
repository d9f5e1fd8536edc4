/**
 * Runs chunks in any thread: this is the module a worker loads, and it loads nothing else than the
 * kernels' glue.
 */
import { EXEC_STATUS } from './instructions.js'
import { instantiate } from './instantiate.js'
import type { KernelCode, Kernels } from './kernels.js'

/** Structured-cloneable; memory and module are shared, not copied. */
export interface CpuChunkTask {
  /** Tells arenas apart, so that a thread instantiates the kernels once for each. */
  readonly arena: string
  readonly code: KernelCode
  readonly memory: WebAssembly.Memory
  /** Address of the execution's words. */
  readonly exec: number
  readonly stackTop: number
  readonly steps: number
  /** This thread's number among those that run the chunk together. */
  readonly worker: number
}

/** A thread serves one engine at a time. */
let current: { readonly arena: string; readonly kernels: Kernels } | undefined

export function executeChunk(task: unknown): (typeof EXEC_STATUS)[number] {
  const { arena, code, memory, exec, stackTop, steps, worker } = task as CpuChunkTask
  if (current?.arena !== arena) current = { arena, kernels: instantiate(code, memory) }
  return EXEC_STATUS[current.kernels.run(exec, steps, stackTop, worker)] ?? 'refused'
}
