/** What went wrong, in words. */

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Node's message without the call and the path, which the sentence around it has: `permission denied`. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error)
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message
}

/** `ENOSPC` and the like. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
