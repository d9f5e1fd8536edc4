/**
 * What happens when nobody reads the output any more (`gradpool list | head -1`): writing fails with EPIPE, which is
 * no error here but a reason to stop in good order.
 */
/** EIO is what a terminal gives that was closed. */
const closedCodes = ['EPIPE', 'ERR_STREAM_DESTROYED', 'EIO']

export interface OutputClosed {
  /** The listener is called once, at once if the output is closed already. */
  readonly listen: (listener: () => void) => void
}

export function outputClosed(...streams: readonly NodeJS.WritableStream[]): OutputClosed {
  const listeners: (() => void)[] = []
  let closed = false
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!closedCodes.includes(error.code ?? '')) throw error
      closed = true
      for (const listener of listeners.splice(0)) listener()
    })
  }
  return {
    listen(listener) {
      if (closed) listener()
      else listeners.push(listener)
    },
  }
}
