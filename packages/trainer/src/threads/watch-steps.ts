/** Notices a thread that hangs: one that makes no step for too long. */
import type { Execution } from '@gradpool/core/engine'

const LOOKS = 8

/**
 * Aborts once no execution has made a step for `seconds`.
 *
 * @returns what ends the watch
 */
export function watchSteps(executions: readonly Execution[], seconds: number, controller: AbortController): () => void {
  const stepsOf = () => executions.map(({ step }) => step).join()
  let last = stepsOf()
  let looksSince = 0
  const timer = setInterval(
    () => {
      const now = stepsOf()
      looksSince = now === last ? looksSince + 1 : 0
      last = now
      if (looksSince < LOOKS) return
      controller.abort(`its thread made no step for ${seconds} seconds and was ended`)
      clearInterval(timer)
    },
    (seconds * 1000) / LOOKS,
  )
  return () => clearInterval(timer)
}
