/**
 * Address of the source repository. `repository.url` of the root's package.json is the only place that has it; packages
 * get theirs from it when they are packed.
 *
 * Until the project has a public repository, the address is a placeholder: its host ends in `.invalid`, a domain that
 * never exists. Packages are then packed without an address, and a release is refused.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './environment.mjs'

const rootManifest = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const FORM = /^git\+(?<page>https:\/\/(?<host>[^/\s]+)\/[^/\s]+\/\S+?)\.git$/

const parsed = ({ repository }) => FORM.exec(repository?.url ?? '')?.groups

/** Sentence that says what is wrong with the address, or undefined if it can be published. */
export function addressProblem(manifest = rootManifest()) {
  const field = "repository.url in the root's package.json"
  const address = parsed(manifest)
  if (address === undefined)
    return `Expected ${field} to be like git+https://HOST/OWNER/NAME.git, got '${manifest.repository?.url ?? ''}'.`
  if (!/\.invalid$/.test(address.host)) return undefined
  return `Set ${field} before a release: '${address.page}' is a placeholder.`
}

/**
 * Fields of a published manifest that name the repository; none while the address is a placeholder.
 *
 * @param directory of the package, relative to the root
 */
export function addressFields(directory, manifest = rootManifest()) {
  if (addressProblem(manifest) !== undefined) return {}
  const { page } = parsed(manifest)
  return {
    homepage: `${page}/tree/main/${directory}#readme`,
    bugs: `${page}/issues`,
    repository: { ...manifest.repository, directory },
  }
}
