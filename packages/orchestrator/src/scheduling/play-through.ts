/** How long tasks take on some threads. Each starts when the one it waits for is done, the longest path ahead first. */

export interface Task {
  /** Seconds on one thread. */
  readonly work: number
  /** The most threads that make it faster. */
  readonly threads: number
  readonly isRunning: boolean
  readonly dependents: Task[]
  /** For another task. */
  waits: boolean
}

interface Active {
  readonly task: Task
  left: number
}

/**
 * @param slots How many tasks run at one time. Threads that are left over go to those that can use them, the one with
 *   the most work first.
 * @param speedOn How many times as fast a task is on so many threads.
 */
export function playThrough(tasks: readonly Task[], slots: number, speedOn: (threads: number) => number): number {
  const path = new Map<Task, number>()
  const pathOf = (task: Task): number => {
    const known = path.get(task)
    if (known !== undefined) return known
    const length = task.work + Math.max(0, ...task.dependents.map(pathOf))
    path.set(task, length)
    return length
  }
  const ready = tasks.filter(({ waits, isRunning }) => !waits && !isRunning)
  // The next one is the last; of equals, those that were there before come first.
  ready.reverse().sort((a, b) => pathOf(a) - pathOf(b))
  const active = tasks.filter(({ isRunning }) => isRunning).map((task): Active => ({ task, left: task.work }))
  let seconds = 0
  for (;;) {
    while (active.length < slots) {
      const task = ready.pop()
      if (task === undefined) break
      active.push({ task, left: task.work })
    }
    if (active.length === 0) return seconds
    const speeds = speedsOf(active, slots, speedOn)
    const step = Math.min(...active.map(({ left }, at) => left / (speeds[at] ?? 1)))
    seconds += step
    active.forEach((one, at) => (one.left -= step * (speeds[at] ?? 1)))
    const over = active.filter(({ left }) => left <= 1e-9)
    for (const one of over) {
      active.splice(active.indexOf(one), 1)
      for (const task of one.task.dependents) {
        const at = ready.findIndex((other) => pathOf(other) >= pathOf(task))
        ready.splice(at < 0 ? ready.length : at, 0, task)
      }
    }
  }
}

function speedsOf(active: readonly Active[], slots: number, speedOn: (threads: number) => number): number[] {
  let spare = slots - active.length
  const speeds = active.map(() => speedOn(1))
  if (spare <= 0) return speeds
  const byWork = active.map((_, at) => at).sort((a, b) => (active[b]?.left ?? 0) - (active[a]?.left ?? 0))
  for (const at of byWork) {
    const more = Math.max(0, Math.min((active[at]?.task.threads ?? 1) - 1, spare))
    speeds[at] = speedOn(1 + more)
    spare -= more
  }
  return speeds
}
