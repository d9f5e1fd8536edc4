/**
 * The address of a queue with its password, as the variable GRADPOOL_QUEUE has it. It is taken out of the environment
 * first of all, so that no process that this one starts has it there; the one that trains for it gets it in a message.
 */
export const QUEUE_VARIABLE = 'GRADPOOL_QUEUE'

let kept: string | undefined

/** First of all. */
export function takeQueueVariable(): void {
  kept ??= process.env[QUEUE_VARIABLE]
  Reflect.deleteProperty(process.env, QUEUE_VARIABLE)
}

/** In the process that trains: what the one before it took. */
export function keepQueueVariable(value: string): void {
  kept = value
}

export function queueVariable(): string | undefined {
  return kept ?? process.env[QUEUE_VARIABLE]
}
