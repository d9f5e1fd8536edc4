/** Tasks side by side, so many at once. */

export interface Lanes {
  /** How many tasks run at once. */
  readonly lanes: number
  readonly signal: AbortSignal | undefined
}

/**
 * What the tasks give, in their order. The first that fails aborts the signal of all others; it waits for them to end.
 *
 * @throws the signal's reason, or what the first task threw
 */
export async function inLanes<Task, Result>(
  tasks: readonly Task[],
  { lanes, signal }: Lanes,
  run: (task: Task, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failure = new AbortController()
  const either = AbortSignal.any(signal ? [signal, failure.signal] : [failure.signal])
  const waiting = tasks.entries()
  const done = new Map<number, Result>()
  const lane = async () => {
    for (const [place, task] of waiting) {
      try {
        done.set(place, await run(task, either))
      } catch (error) {
        failure.abort(error)
      }
      if (either.aborted) return
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  either.throwIfAborted()
  return tasks.flatMap((_, place) => {
    const result = done.get(place)
    return result === undefined ? [] : [result]
  })
}
