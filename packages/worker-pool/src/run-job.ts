/** What a thread of a pool does with what it is sent. Imports nothing, as every worker pays for it. */

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

export async function runJob({ workerModule, exportName, tasks }: Job<unknown>): Promise<Answer<unknown>> {
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
