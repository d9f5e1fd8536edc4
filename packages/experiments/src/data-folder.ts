/** Where the tables that come with the catalogue are. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** As good from `src` as from `dist`. No URL, which bundlers would take for that of a file. */
export function tablePath(file: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', 'data', file)
}
