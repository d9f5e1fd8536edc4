/** Whether there is room for a file, before it is begun. */
import { statfs } from 'node:fs/promises'

/** Left for everything else that writes to this disk. */
const RESERVE_BYTES = 16e6

/** @throws an error with code `ENOSPC` when the disk has no room for so many bytes */
export async function checkDiskSpace(folder: string, numBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= numBytes + RESERVE_BYTES) return
  const message = `ENOSPC: the disk has ${megabytes(free)} left and ${megabytes(numBytes)} are needed`
  throw Object.assign(new Error(message), { code: 'ENOSPC' })
}

function megabytes(numBytes: number): string {
  return `${(numBytes / 1e6).toFixed(1)} MB`
}
