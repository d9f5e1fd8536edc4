/** Packages that are optional: whoever needs one installs it in a project. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cwd } from 'node:process'

/**
 * The folder of a package that is installed where the program runs, or beside the module that asks; undefined where
 * there is none.
 *
 * @param url `import.meta.url` of the module that asks
 */
export function installedPackage(name: string, url: string): string | undefined {
  for (const from of [join(cwd(), 'package.json'), url]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`))
    } catch {
      // It may be at the next place.
    }
  }
  return undefined
}
