/**
 * One process at a time works in a run directory: a file `lock` names it. The lock of a process that is gone is taken
 * over.
 *
 * (Of the libraries for this, none tells who the owner is.)
 */
import { UserError } from '@gradpool/core'
import {
  codeOf,
  hasFields,
  isCount,
  isMissing,
  isText,
  readRegularSync,
  reasonOf,
  temporaryPath,
} from '@gradpool/storage'
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

interface Owner {
  readonly host: string
  readonly pid: number
  /** When the process began, in the kernel's own count; a later process of the same number has another. */
  readonly began: string | null
  /** ISO 8601. */
  readonly since: string
}

export interface Lock {
  release(): void
}

/** An owner that was killed may leave a child that stops in a moment. */
const WAIT_MS = 3000
const RETRY_MS = 50

const MOST_LOCK_BYTES = 4096

/** The owner touches the file so often: the one sign of life that another machine sees. */
const HEARTBEAT_MS = 5000
const STALE_MS = 60_000
/** Of a process that is told to stop. */
const MOST_SILENT_BEATS = 3

/**
 * @param onTakenOver Told in one sentence of a lock whose owner is gone.
 * @throws UserError that names the owner, when it is alive; or when the lock cannot be written
 */
export async function lockRun(directory: string, onTakenOver: (message: string) => void): Promise<Lock> {
  const path = join(directory, 'lock')
  const me: Owner = {
    host: hostname(),
    pid: process.pid,
    began: statOf(process.pid)?.began ?? null,
    since: new Date().toISOString(),
  }
  const text = `${JSON.stringify(me)}\n`
  try {
    await take(directory, text, onTakenOver)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`cannot lock '${directory}': ${reasonOf(error)}`, { cause: error })
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref()
  return {
    release() {
      clearInterval(heartbeat)
      try {
        if (read(path) === text) rmSync(path, { force: true })
      } catch {
        // The next one finds that this process is gone.
      }
    },
  }
}

async function take(directory: string, text: string, onTakenOver: (message: string) => void): Promise<void> {
  const path = join(directory, 'lock')
  const deadline = performance.now() + WAIT_MS
  while (!create(path, text)) {
    const found = read(path)
    if (found === undefined) continue
    if (isGone(found, path)) {
      remove(path, found)
      onTakenOver(`the process that worked on this run is gone${titleOf(found)}; this one goes on`)
    } else if (performance.now() > deadline) {
      throw new UserError(`'${directory}' is being worked on${titleOf(found)}; wait for it or end it first`)
    } else await setTimeout(RETRY_MS)
  }
}

/** Whether a process that is alive works there. */
export function isLocked(directory: string): boolean {
  const path = join(directory, 'lock')
  const found = read(path)
  return found !== undefined && !isGone(found, path)
}

/**
 * The process of this machine that works there, to be told to stop; undefined where there is none, or one of another
 * machine. That the number is still that of the process, and not of a later one, the system says, or where it does not,
 * the sign of life that only the process gives.
 */
export function processAt(directory: string): number | undefined {
  const path = join(directory, 'lock')
  const found = read(path)
  const owner = found === undefined ? undefined : ownerOf(found)
  if (owner?.host !== hostname() || !isAlive(owner)) return undefined
  if (owner.began !== null && statOf(owner.pid) !== undefined) return owner.pid
  const silentMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  return silentMs < MOST_SILENT_BEATS * HEARTBEAT_MS ? owner.pid : undefined
}

function create(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function read(path: string): string | undefined {
  try {
    return String(readRegularSync(path, { most: MOST_LOCK_BYTES }))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Undefined where the owner was cut off while it wrote its name. */
function ownerOf(text: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(text)
    // To end process 0 is to end one's own group.
    const isProcess = (pid: unknown) => isCount(pid) && pid > 0
    const checks = { host: isText, pid: isProcess, since: isText }
    return hasFields(owner, checks) ? (owner as unknown as Owner) : undefined
  } catch {
    return undefined
  }
}

function titleOf(text: string): string {
  const owner = ownerOf(text)
  return owner === undefined ? '' : ` (process ${owner.pid} on ${owner.host}, since ${owner.since})`
}

function isGone(text: string, path: string): boolean {
  const owner = ownerOf(text)
  if (owner?.host === hostname()) return !isAlive(owner)
  const silentMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  // Half a line is written in less than a second.
  return silentMs > (owner === undefined ? 1000 : STALE_MS)
}

function isAlive({ pid, began }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  const stat = statOf(pid)
  if (stat === undefined) return true
  // One that has ended, but that its parent does not ask about, is still listed.
  return stat.state !== 'Z' && (began === null || began === stat.began)
}

/** Undefined where the system does not tell; only Linux does, in a file. */
function statOf(pid: number): { readonly state: string; readonly began: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in parentheses that may hold anything.
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, began: fields[18] ?? '' }
  } catch {
    return undefined
  }
}

/** Removes the lock of a process that is gone, and gives it back if another was faster and it is a new one by now. */
function remove(path: string, gone: string): void {
  const aside = temporaryPath(path)
  try {
    renameSync(path, aside)
    if (read(aside) !== gone) linkSync(aside, path)
  } catch (error) {
    if (!isMissing(error) && codeOf(error) !== 'EEXIST') throw error
  }
  rmSync(aside, { force: true })
}

function touch(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // Removed by hand; the work itself is safe to go on.
  }
}
