/**
 * What a worker thread starts with: Piscina's part of it, and the handler that does tasks, by a function of the
 * caller's module. Imports nothing else, as every worker pays for it.
 */
import { workerData } from 'node:worker_threads'

/** What threads of a pool find in `workerData`; each has an object of its own. */
export interface PoolThread {
  readonly gradpool: 'pool'
  /** 1 in a thread of a pool of the main thread. */
  readonly depth: number
  /** What this module is known by. The pool looks for it in the file, so no other module has it written out. */
  servedBy?: 'gradpool:pool-worker'
  /** Whether a task was begun. */
  isUsed?: boolean
}

/** Undefined in other threads. */
function poolThread(): PoolThread | undefined {
  const data = workerData as Partial<PoolThread> | null
  return data?.gradpool === 'pool' ? (data as PoolThread) : undefined
}

const thread = poolThread()
if (thread) {
  thread.servedBy = 'gradpool:pool-worker'
  void import('piscina/dist/worker.js')
}

/** What a worker is sent. */
export interface Job<Task> {
  /** URL of the module that does the tasks. */
  readonly workerModule: string
  /** The function of that module which gets each task. */
  readonly exportName: string
  /** Done one after the other. */
  readonly tasks: readonly Task[]
}

/** What it answers: the outcome of each task, in order, or what the module threw. A rejection is a thread that died. */
export type Answer<Outcome> = { readonly outcomes: Outcome[] } | { readonly thrown: unknown }

type Work = (task: unknown) => unknown

const modules = new Map<string, Promise<Record<string, Work | undefined>>>()

/** The handler that Piscina calls. */
export async function runJob({ workerModule, exportName, tasks }: Job<unknown>): Promise<Answer<unknown>> {
  if (thread) thread.isUsed = true
  try {
    const loaded = await load(workerModule)
    const work = loaded[exportName]
    if (work === undefined) throw new Error(`${workerModule} exports no function '${exportName}'`)
    const outcomes: unknown[] = []
    for (const task of tasks) outcomes.push(await work(task))
    return { outcomes }
  } catch (thrown) {
    return { thrown }
  }
}

function load(workerModule: string): Promise<Record<string, Work | undefined>> {
  const loaded =
    modules.get(workerModule) ??
    // What a module exports is known to its caller alone.
    (import(workerModule) as Promise<Record<string, Work | undefined>>)
  modules.set(workerModule, loaded)
  return loaded
}
