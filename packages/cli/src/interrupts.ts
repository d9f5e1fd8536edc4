/**
 * Ctrl-C. The first one aborts the signal, so that the run can stop within a step and show what it has; the second ends
 * the process at once. A request to terminate is treated in the same way, with its own exit code.
 */
import { exitCode } from './exit-code.js'

export interface Interrupts {
  readonly signal: AbortSignal
  /** The exit code that the interrupt asks for; undefined if there was none. */
  exitCode(): number | undefined
  /** Stops for another reason, such as that nobody reads the output any more. */
  abort(): void
  /** From now on an interrupt ends the process as usual. */
  dispose(): void
}

export function watchInterrupts(onFirst: () => void): Interrupts {
  const controller = new AbortController()
  let code: number | undefined

  const watch = (signal: NodeJS.Signals, its: number) => {
    const listener = () => {
      if (code !== undefined) process.exit(its)
      code = its
      onFirst()
      controller.abort()
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  }

  const watched = [watch('SIGINT', exitCode.interrupted), watch('SIGTERM', exitCode.terminated)]
  return {
    signal: controller.signal,
    exitCode: () => code,
    abort: () => controller.abort(),
    dispose: () => watched.forEach((unwatch) => unwatch()),
  }
}
