/**
 * Short work in this thread that leaves the event loop its turns: in each turn of the loop it takes 2 ms at most, whoever
 * asks for it, and the rest waits for the next, in order.
 */

const TURN_MS = 2

/** Undefined until something has run in this turn of the loop. */
let turnEnds: number | undefined
const waiting: (() => void)[] = []

/** Does the work at once where there is time for it in this turn. */
export function inTurn<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const job = () => {
      try {
        resolve(work())
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    if (waiting.length > 0 || !hasTime()) waiting.push(job)
    else job()
  })
}

function hasTime(): boolean {
  if (turnEnds === undefined) {
    turnEnds = performance.now() + TURN_MS
    setImmediate(nextTurn)
    return true
  }
  return performance.now() < turnEnds
}

function nextTurn(): void {
  turnEnds = undefined
  let done = 0
  while (done < waiting.length && hasTime()) waiting[done++]?.()
  waiting.splice(0, done)
}
