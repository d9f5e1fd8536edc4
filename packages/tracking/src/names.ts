/** Names of trainings and of what is logged, as parts of paths. */
import { join } from 'node:path'

const MOST_LENGTH = 100

/** A relative path: nothing in a name leads out of the folder. */
export function relativePath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '')
  return join('.', ...parts.map(partOfPath))
}

function partOfPath(part: string): string {
  const safe = part.replace(/[^\p{L}\p{N} @+,=_.-]/gu, '_').slice(0, MOST_LENGTH)
  return /^[. ]|[. ]$/.test(safe) ? `_${safe.replace(/[. ]+$/, '')}` : safe
}
