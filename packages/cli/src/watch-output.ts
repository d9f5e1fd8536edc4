/**
 * What happens when output cannot be written. A reader that closes the pipe (`gradpool list | head -1`) is no error,
 * but a reason to stop gracefully. Everything else, such as a full disk (`gradpool runs > file`), is reported on stderr
 * once, and the process has failed.
 */
import { codeOf, reasonOf } from '@gradpool/storage'

const CLOSED_CODES: readonly unknown[] = ['EPIPE', 'ERR_STREAM_DESTROYED']

/** Why nothing more can be written, as the end of a sentence. */
export type OutputEnd = 'its output was closed' | 'its output cannot be written'

export interface OutputWatch {
  /** The listener is called once, at once if the output has ended already. */
  readonly listen: (listener: (why: OutputEnd) => void) => void
  /** Whether something for stdout is lost that a reader waits for. */
  readonly hasFailed: () => boolean
}

export function watchOutput(stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): OutputWatch {
  const listeners: ((why: OutputEnd) => void)[] = []
  let end: OutputEnd | undefined
  let hasFailed = false
  const onError = (stream: NodeJS.WritableStream) => (error: unknown) => {
    const isClosed = CLOSED_CODES.includes(codeOf(error))
    if (!isClosed && stream === stdout && !hasFailed) {
      hasFailed = true
      stderr.write(`Cannot write the output: ${reasonOf(error)}\n`)
    }
    end ??= isClosed ? 'its output was closed' : 'its output cannot be written'
    for (const listener of listeners.splice(0)) listener(end)
  }
  for (const stream of [stdout, stderr]) stream.on('error', onError(stream))
  return {
    listen(listener) {
      if (end === undefined) listeners.push(listener)
      else listener(end)
    },
    hasFailed: () => hasFailed,
  }
}
