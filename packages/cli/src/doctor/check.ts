/** What `gradpool doctor` finds out: one check, its outcome, and what to do about it. */
export interface Check {
  readonly name: string
  /** `warn`: works, but something may get in the way. `fail`: nothing can be trained like this. */
  readonly state: 'ok' | 'warn' | 'fail'
  /** One line. */
  readonly found: string
  /** How to mend it, where there is something to mend. */
  readonly remedy?: string
}

export function firstLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.trim().split('\n', 1).join('')
}
