/**
 * Runs spans in any thread: this is the module a worker loads, and it loads nothing else than the kernels' glue.
 */
import { instantiate } from './instantiate.js'
import type { KernelCode, Kernels } from './kernels.js'

/** Structured-cloneable; memory and module are shared, not copied. */
export interface CpuSpanTask {
  /** Tells arenas apart, so that a thread instantiates the kernels once for each. */
  readonly arena: string
  readonly code: KernelCode
  readonly memory: WebAssembly.Memory
  /** Address of the run's words. */
  readonly run: number
  readonly stackTop: number
  readonly steps: number
  /** This thread's number among those that run the span together. */
  readonly worker: number
}

/** The run's status word. */
export type CpuSpanOutcome = number

/** A thread serves one engine at a time. */
let current: { readonly arena: string; readonly kernels: Kernels } | undefined

export function executeSpan(task: unknown): CpuSpanOutcome {
  const { arena, code, memory, run, stackTop, steps, worker } = task as CpuSpanTask
  if (current?.arena !== arena) current = { arena, kernels: instantiate(code, memory) }
  return current.kernels.run(run, steps, stackTop, worker)
}
