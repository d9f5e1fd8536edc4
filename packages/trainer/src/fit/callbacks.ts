/**
 * Calls back without harm: what a callback throws, now or later, is told once as a warning, and
 * stops nothing.
 */
import { nodeProcess } from '@gradpool/core/node-module'

export class Callbacks {
  readonly #onWarning: (message: string) => unknown
  readonly #failed = new Set<string>()

  constructor(onWarning: ((message: string) => unknown) | undefined) {
    this.#onWarning = onWarning ?? emitWarning
  }

  /** One sentence. */
  readonly warn = (message: string): void => {
    this.call('onWarning', this.#onWarning, message)
  }

  call<T>(name: string, callback: ((value: T) => unknown) | undefined, value: T): void {
    try {
      const outcome = callback?.(value)
      if (outcome instanceof Promise) outcome.catch((error: unknown) => this.#fail(name, error))
    } catch (error) {
      this.#fail(name, error)
    }
  }

  #fail(name: string, error: unknown): void {
    if (this.#failed.has(name)) return
    this.#failed.add(name)
    const message = error instanceof Error ? error.message : String(error)
    const warning = `${name} threw an error, and the training continues: ${message}`
    // What cannot be told as a warning is told by Node.
    if (name === 'onWarning') emitWarning(warning)
    else this.warn(warning)
  }
}

/** Where nobody has asked for warnings, Node tells them, or the console. */
export function emitWarning(message: string): void {
  const process = nodeProcess()
  if (process?.emitWarning) process.emitWarning(message, 'GradpoolWarning')
  else console.warn(message)
}
