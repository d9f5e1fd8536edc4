/** A pause in which all that waits for this thread gets its turn: timers, messages, signals. */
interface Turns {
  readonly setImmediate?: (turn: () => void) => unknown
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void }
    readonly port2: { postMessage(message: unknown): void }
  }
}

export function nextTurn(): Promise<void> {
  // The types here are Node's alone.
  const { setImmediate, MessageChannel } = globalThis as unknown as Turns
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve)
    else if (MessageChannel) {
      // Browsers make timers wait longer and longer, and messages not.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(undefined)
    } else setTimeout(resolve, 0)
  })
}
