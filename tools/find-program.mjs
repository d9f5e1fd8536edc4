// Programs of this machine.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first program of these names in PATH, or in folders before it; undefined where there is none. */
export function findProgram(names, folders = []) {
  const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...folders, ...inPath]
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))
}

/** CHROMIUM, or one in PATH. */
export function findChromium() {
  return process.env.CHROMIUM ?? findProgram(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])
}
