/** What tells the queues of projects apart that share a server. */
import { UserError } from '@gradpool/core'

export const DEFAULT_NAMESPACE = 'default'

/** @throws UserError where it is none */
export function checkNamespace(typed: string): string {
  // A part of the names of keys, schemas and connections, some of which are short.
  if (/^[a-z0-9][a-z0-9_-]{0,23}$/.test(typed)) return typed
  throw new UserError(
    `A namespace is at most 24 of a to z, 0 to 9, - and _, and begins with a letter or a digit; '${typed}' is none`,
  )
}
