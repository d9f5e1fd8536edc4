/** The name that somebody meant who misspelt it. */
import { distance } from 'fastest-levenshtein'

/** The nearest of `names`, if it is near: at most 2 edits, or a third of the letters, away. */
export function nearest(misspelt: string, names: readonly string[]): string | undefined {
  let best: { name: string; edits: number } | undefined
  for (const name of names) {
    const edits = distance(misspelt.toLowerCase(), name.toLowerCase())
    if (best === undefined || edits < best.edits) best = { name, edits }
  }
  const limit = Math.max(2, Math.floor(misspelt.length / 3))
  return best !== undefined && best.edits <= limit ? best.name : undefined
}

/** What to say to somebody who misspelt a name. */
export function suggestion(misspelt: string, names: readonly string[]): string {
  const near = nearest(misspelt, names)
  return near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`
}
