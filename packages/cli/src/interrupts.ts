/**
 * Ctrl-C. The first one aborts the signal, so that the run can stop within a step, write a checkpoint and show what it
 * has; the second ends the process at once. A request to terminate and a terminal that is closed are treated in the
 * same way, with exit codes of their own.
 *
 * A process that is supervised gets a signal of the terminal twice, from there and from its supervisor: it takes all of
 * them for one, and leaves it to the supervisor to end it at once.
 */
import { exitCode } from './exit-code.js'
import { isSupervised, onSupervisorsStop } from './supervise.js'

export interface Interrupts {
  readonly signal: AbortSignal
  /** The exit code that the interrupt asks for; undefined if there was none. */
  exitCode(): number | undefined
  /** Stops for another reason, such as that nobody reads the output any more. */
  abort(): void
  /** Stops in so many minutes, with an exit code of its own. */
  stopAfter(minutes: number): void
  /** From now on an interrupt ends the process as usual. */
  dispose(): void
}

const codes = new Map<NodeJS.Signals, number>([
  ['SIGINT', exitCode.interrupted],
  ['SIGTERM', exitCode.terminated],
  ['SIGHUP', exitCode.hungUp],
])

export function watchInterrupts(onFirst: () => void): Interrupts {
  const controller = new AbortController()
  let code: number | undefined
  let timer: NodeJS.Timeout | undefined

  const onSignal = (signal: NodeJS.Signals) => {
    const its = codes.get(signal) ?? exitCode.failed
    if (code !== undefined) {
      if (!isSupervised()) process.exit(its)
      return
    }
    code = its
    onFirst()
    controller.abort()
  }

  for (const signal of codes.keys()) process.on(signal, onSignal)
  const endListening = onSupervisorsStop((signal) => {
    if (signal === undefined) controller.abort()
    else onSignal(signal)
  })
  return {
    signal: controller.signal,
    exitCode: () => code,
    abort: () => controller.abort(),
    stopAfter(minutes) {
      clearTimeout(timer)
      timer = setTimeout(() => {
        code ??= exitCode.timeUp
        controller.abort()
      }, 60_000 * minutes)
      timer.unref()
    },
    dispose() {
      clearTimeout(timer)
      for (const signal of codes.keys()) process.off(signal, onSignal)
      endListening()
    },
  }
}
