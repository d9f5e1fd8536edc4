/** A log of lines, of which the last may have been cut short. */
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { isMissing } from './file-errors.js'
import { openRegularSync } from './regular-file.js'

const CHUNK_BYTES = 65536
const NEWLINE = 10

/** Opens one to add lines to, and makes it where there is none. @throws UserError for what is no file */
export function openLog(path: string): number {
  return openRegularSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)
}

/** Adds a line to a file that is open; the system may take it in parts. */
export function appendLine(file: number, line: string): void {
  const bytes = Buffer.from(`${line}\n`)
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
}

/** Takes away what stands after the last end of a line. @returns whether there was something. */
export function endTornLine(path: string): boolean {
  let file: number
  try {
    file = openRegularSync(path, constants.O_RDWR)
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
  try {
    const { size } = fstatSync(file)
    const end = endOfLastLine(file, size)
    if (end === size) return false
    ftruncateSync(file, end)
    fsyncSync(file)
    return true
  } finally {
    closeSync(file)
  }
}

/** Looks backwards, as only the last line can be torn. */
function endOfLastLine(file: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const numBytes = readSync(file, chunk, 0, end - start, start)
    const at = chunk.subarray(0, numBytes).lastIndexOf(NEWLINE)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
