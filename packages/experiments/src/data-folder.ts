/** Where the tables that come with the catalogue are. */
import { fileURLToPath } from 'node:url'

/** As good from `src` as from `dist`. */
export function tablePath(file: string): string {
  return fileURLToPath(new URL(`../data/${file}`, import.meta.url))
}
