/** Checks of the machine: Node, cores, memory, free disk. */
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { availableCores } from '@gradpool/core/engine'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { type Check, firstLineOf } from './check.js'

const oldestNode = [20, 19] as const
const mebibyte = 2 ** 20
/** What a run of the report needs with two workers, and what each further worker adds. */
const runBytes = 350 * mebibyte
const workerBytes = 25 * mebibyte
/** Runs are small; this is where a disk is as good as full. */
const diskBytes = 200 * mebibyte

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = oldestNode
  const ok = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  const found = `${version} on ${process.platform} ${process.arch}`
  if (ok) return { name: 'Node', state: 'ok', found }
  const remedy = `install Node ${oldestNode.join('.')} or newer`
  return { name: 'Node', state: 'fail', found, remedy }
}

export function checkCores(): Check {
  const cores = availableCores()
  const quota = cores < availableParallelism() ? ' by the CPU quota' : ''
  const many = `${cores} cores${quota}, so ${cores} workers unless --workers says less`
  return { name: 'Cores', state: 'ok', found: cores === 1 ? `1 core${quota}, so 1 worker` : many }
}

export function checkMemory(available = availableMemory()): Check {
  const needed = runBytes + workerBytes * Math.max(0, availableCores() - 2)
  const found = `${inGibibytes(available)} free of ${inGibibytes(totalMemory())}`
  if (available >= needed) return { name: 'Memory', state: 'ok', found }
  const remedy = `a run on all cores takes about ${inGibibytes(needed)}: close something, or use fewer --workers`
  return { name: 'Memory', state: 'warn', found, remedy }
}

/** The disk that run directories will be on. */
export async function checkDisk(out: string): Promise<Check> {
  let folder = resolve(out)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const found = `${inGibibytes(free)} free for ${out}`
    if (free >= diskBytes) return { name: 'Disk', state: 'ok', found }
    const remedy = 'make room, or name another folder with --out'
    return { name: 'Disk', state: 'warn', found, remedy }
  } catch (error) {
    return { name: 'Disk', state: 'warn', found: firstLineOf(error) }
  }
}

/** Less than the machine has, where a container sets a limit. */
function totalMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

function availableMemory(): number {
  return typeof process.availableMemory === 'function' ? process.availableMemory() : freemem()
}

function inGibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
