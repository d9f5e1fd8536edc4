/** `events.jsonl` of a run, read as it grows, whichever process adds to it. */
import { UserError } from '@gradpool/core'
import { hasFields, isMissing, isText, openRegular, reasonOf } from '@gradpool/storage'
import { join } from 'node:path'
import { reviveRows } from './revive-rows.js'
import type { RunEvent } from './run-result.js'

/** With when: ISO 8601. */
export type LoggedEvent = RunEvent & { readonly time: string }

const CHUNK_BYTES = 2 ** 20
const NEWLINE = 10

export class EventLog {
  readonly path: string
  #file: bigint | undefined
  /** After the last whole line that was read. */
  #at = 0

  constructor(directory: string) {
    this.path = join(directory, 'events.jsonl')
  }

  /**
   * What was added since the last time, up to the last whole line, a part of the log at a time: a line that is still
   * being written, or was cut off, has no end. A log that is shorter than it was, or another file, begins anew.
   *
   * @throws UserError for a line that is no event, or a log that cannot be read
   */
  async *added(): AsyncGenerator<{ readonly events: readonly LoggedEvent[]; readonly isAnew: boolean }> {
    let opened
    try {
      opened = await openRegular(this.path)
    } catch (error) {
      if (isMissing(error)) return
      throw this.#unread(error)
    }
    const { file } = opened
    try {
      const { ino, size } = await file.stat({ bigint: true })
      const isAnew = this.#file !== undefined && (this.#file !== ino || size < this.#at)
      this.#file = ino
      if (isAnew) {
        this.#at = 0
        yield { events: [], isAnew }
      }
      for (let room = CHUNK_BYTES; this.#at < size;) {
        const chunk = Buffer.allocUnsafe(Math.min(room, Number(size) - this.#at))
        const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#at)
        const end = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1
        if (end > 0) {
          const events = this.#parsed(chunk.toString('utf8', 0, end - 1))
          this.#at += end
          yield { events, isAnew: false }
        } else if (bytesRead < chunk.length || this.#at + bytesRead >= size) return
        room = end > 0 ? CHUNK_BYTES : 2 * room
      }
    } catch (error) {
      throw this.#unread(error)
    } finally {
      await file.close()
    }
  }

  #parsed(lines: string): LoggedEvent[] {
    try {
      return lines.split('\n').map((line) => {
        const event: unknown = JSON.parse(line, reviveEvent)
        if (isEvent(event)) return event
        throw new SyntaxError('no event')
      })
    } catch (error) {
      throw new UserError(`'${this.path}' is damaged: a line is no event`, { cause: error })
    }
  }

  #unread(error: unknown): UserError {
    if (error instanceof UserError) return error
    return new UserError(`cannot read '${this.path}': ${reasonOf(error)}`, { cause: error })
  }
}

/** Bytes that were logged are base64 in a line. */
function reviveEvent(key: string, value: unknown): unknown {
  const isLogged = (key === 'bytes' || key === 'contents') && typeof value === 'string'
  return isLogged ? new Uint8Array(Buffer.from(value, 'base64')) : reviveRows(key, value)
}

/** The rest of it, only people read. */
function isEvent(value: unknown): value is LoggedEvent {
  return hasFields(value, { type: isText, time: isText })
}
