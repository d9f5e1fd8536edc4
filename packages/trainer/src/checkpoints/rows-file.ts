/**
 * The file that all checkpoints of a training have their rows in: each adds those that it lacks,
 * and says how many it goes by. So a checkpoint costs the same after ten epochs and after a
 * million.
 *
 * What stands after the rows that a checkpoint goes by may be anything: what a write that was cut
 * off left there, or rows of epochs that are trained again. It is written over.
 */
import { UserError } from '@gradpool/core'
import { openRegular, readRegular, syncFile } from '@gradpool/storage'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { rm } from 'node:fs/promises'
import { EpochRows, rowBytes, type Column } from './epoch-rows.js'

/** What the record of a checkpoint tells of its rows. */
export interface RowsTold {
  readonly count: number
  /** What each row has; none where there is no row. */
  readonly columns: readonly Column[]
  /** Of the bytes of so many rows. */
  readonly sha256: string
}

export class RowsFile {
  readonly #path: string
  /** Rows that are on the disk, as far as known here, and the hash over their bytes. */
  #count = 0
  #hash = createHash('sha256')

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Adds the rows after those that are there, durably but for the name of a new file: that needs
   * its folder flushed.
   *
   * @throws what the file system throws; it is as if nothing was added then
   */
  async add(rows: EpochRows): Promise<RowsTold> {
    const bytes = rows.bytesFrom(this.#count)
    if (bytes.length > 0) await this.#write(bytes, this.#count * rowBytes(rows.columns))
    this.#count = rows.length
    this.#hash.update(bytes)
    return { count: this.#count, columns: rows.columns, sha256: this.#hash.copy().digest('hex') }
  }

  /**
   * Reads rows back, which later ones are then added to. @throws UserError when they are not those
   * that were told
   */
  async read({ count, columns, sha256 }: RowsTold): Promise<EpochRows> {
    const first = count * rowBytes(columns)
    const rows = count === 0 ? Buffer.alloc(0) : await readRegular(this.#path, { first })
    const hash = createHash('sha256').update(rows)
    if (hash.copy().digest('hex') !== sha256) {
      throw new UserError(`'${this.#path}' is not as it was written`)
    }
    this.#count = count
    this.#hash = hash
    return new EpochRows(columns, rows)
  }

  async #write(bytes: Uint8Array, start: number): Promise<void> {
    // Where nothing of it is kept, whatever is there goes.
    if (start === 0) await rm(this.#path, { recursive: true, force: true })
    const { file } = await openRegular(this.#path, constants.O_RDWR | constants.O_CREAT)
    try {
      // The system may take it in parts.
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, start + done)).bytesWritten
      }
      await syncFile(file)
    } finally {
      await file.close()
    }
  }
}
