/**
 * What happens when nobody reads the output any more (`gradpool list | head -1`): writing fails with EPIPE, which is
 * no error here but a reason to stop gracefully. So is a file that takes no more (`gradpool run report > log`), which
 * the other stream tells of.
 */

/** EIO is what a terminal gives that was closed. */
const closedCodes = ['EPIPE', 'ERR_STREAM_DESTROYED', 'EIO']
const fullCodes = ['ENOSPC', 'EDQUOT', 'EFBIG']

export interface OutputClosed {
  /** The listener is called once, at once if the output is closed already. */
  readonly listen: (listener: () => void) => void
}

export function outputClosed(...streams: readonly NodeJS.WritableStream[]): OutputClosed {
  const listeners: (() => void)[] = []
  let closed = false
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? ''
      const isFull = fullCodes.includes(code)
      if (!isFull && !closedCodes.includes(code)) throw error
      const isFirst = !closed
      closed = true
      const other = streams.find((each) => each !== stream)
      if (isFull && isFirst) other?.write(`The output cannot be written: ${error.message}\n`)
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
