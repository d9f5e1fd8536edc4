/** Errors of the operating system in words. */

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** For codes that Node says in words that few understand, or in none. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory, not a file',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its symbolic links lead in a circle',
  ENOSPC: 'no space left on device',
  EIO: 'input/output error',
  EMFILE: 'too many files are open; `ulimit -n` raises the limit',
  ENFILE: 'the system has too many open files',
  EDQUOT: 'the disk quota is used up',
  ESTALE: 'the file server no longer has it',
}

/** What went wrong, without the call and the path, which the sentence around it has: `permission denied`. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error)
  const known = isSystemError(error) ? REASONS[error.code] : undefined
  return known ?? /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message
}

/** `ENOSPC` and the like. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** What a call of the system does to a file; for other calls, it reads. */
const ACTIONS: Readonly<Record<string, string>> = {
  open: 'open',
  write: 'write',
  writev: 'write',
  ftruncate: 'write',
  fsync: 'write',
  fdatasync: 'write',
  mkdir: 'make the directory',
  mkdtemp: 'make a directory',
  rename: 'rename',
  link: 'link',
  symlink: 'link',
  copyfile: 'copy',
  unlink: 'delete',
  rm: 'delete',
  rmdir: 'delete',
  chmod: 'change',
  chown: 'change',
  utime: 'change',
  chdir: 'enter',
}

/**
 * An error of the file system as a sentence: `Cannot open 'a/b': permission denied`.
 *
 * @returns undefined for every other error, those of the network among them
 */
export function fileErrorSentence(error: unknown): string | undefined {
  if (!isSystemError(error)) return undefined
  const { syscall, path } = error
  const action = ACTIONS[syscall] ?? 'read'
  // A write to a file that is open has no path.
  if (path === undefined)
    return syscall in ACTIONS || syscall === 'read' ? sentence(`${action} a file`, error) : undefined
  return sentence(`${action} '${path}'`, error)
}

function sentence(what: string, error: Error): string {
  return `Cannot ${what}: ${reasonOf(error)}`
}

interface SystemError extends Error {
  readonly code: string
  readonly syscall: string
  readonly path?: string
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return false
  const path = 'path' in error ? error.path : undefined
  return [error.code, error.syscall, path ?? ''].every((each) => typeof each === 'string')
}
