/** A file that is added to: gathered in memory, and written when it is told. */
import { appendFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectories, reasonOf } from '@gradpool/storage'

export class Appender {
  readonly path: string
  #parts: Uint8Array[] = []
  #isMade = false

  constructor(path: string) {
    this.path = path
  }

  add(part: Uint8Array | string): void {
    this.#parts.push(typeof part === 'string' ? Buffer.from(part) : part)
  }

  /** @throws Error with one sentence where it cannot be written */
  async flush(): Promise<void> {
    const parts = this.#parts
    if (parts.length === 0) return
    this.#parts = []
    try {
      if (!this.#isMade) await makeDirectories(dirname(this.path))
      this.#isMade = true
      await appendFile(this.path, Buffer.concat(parts))
    } catch (error) {
      throw new Error(`cannot write '${this.path}': ${reasonOf(error)}`, { cause: error })
    }
  }
}
