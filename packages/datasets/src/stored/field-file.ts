/** Files of fields as they are written, and as they are read again from the start to the end. */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'

const BLOCK_BYTES = 2 ** 20

/** A new file, which must not be there yet. What it throws is what the file system throws. */
export class FieldFile {
  readonly path: string
  readonly #file: number
  #bytes = 0

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, 'wx+')
  }

  get bytes(): number {
    return this.#bytes
  }

  append({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    writeWhole(this.#file, new Uint8Array(buffer, byteOffset, byteLength), this.#bytes)
    this.#bytes += byteLength
  }

  /** Changes each block of so many whole rows, in its place. */
  change(rowBytes: number, change: (block: Uint8Array) => void): void {
    let position = 0
    for (const block of this.blocks(rowBytes)) {
      change(block)
      writeWhole(this.#file, block, position)
      position += block.length
    }
  }

  /** What was written, in whole rows; the memory is used again. */
  *blocks(rowBytes = 1): Generator<Uint8Array> {
    const memory = new Uint8Array(Math.max(rowBytes, BLOCK_BYTES - (BLOCK_BYTES % rowBytes)))
    for (let position = 0; position < this.#bytes;) {
      const block = memory.subarray(0, Math.min(memory.length, this.#bytes - position))
      for (let filled = 0; filled < block.length;) {
        const numBytes = readSync(this.#file, block, filled, block.length - filled, position + filled)
        if (numBytes === 0) throw new Error(`${this.path} was cut short while it was written`)
        filled += numBytes
      }
      yield block
      position += block.length
    }
  }

  /** Whether it is on the disk is known once this has returned. */
  flush(): void {
    fsyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(file, bytes, written, bytes.length - written, position + written)
  }
}
