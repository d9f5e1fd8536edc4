/**
 * Short work in this thread that leaves the event loop its turns: in each turn of the loop it takes
 * 2 ms at most, whoever asks for it, and the rest waits for the next, in order.
 */
import { nextTurn } from '@gradpool/core/engine'

const TURN_MS = 2

/** Undefined until something has run in this turn of the loop. */
let turnEnds: number | undefined
const waiting: (() => void)[] = []

/** Whether something may be done at once. */
export function hasTime(): boolean {
  return waiting.length === 0 && isTurnOpen()
}

/** Does the work as soon as there is time, in order. */
export function inTurn<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const job = () => {
      try {
        resolve(work())
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    if (hasTime()) job()
    else waiting.push(job)
  })
}

function isTurnOpen(): boolean {
  if (turnEnds === undefined) {
    turnEnds = performance.now() + TURN_MS
    void nextTurn().then(takeTurn)
    return true
  }
  return performance.now() < turnEnds
}

function takeTurn(): void {
  turnEnds = undefined
  let done = 0
  while (done < waiting.length && isTurnOpen()) waiting[done++]?.()
  waiting.splice(0, done)
}
