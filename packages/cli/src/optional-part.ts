/** Parts of Gradpool that are packages of their own, since not everybody needs them. */
import { UserError } from '@gradpool/core'
import { ownVersion } from '@gradpool/trainer'
import { commandFor, projectAbove } from './setup/optional-packages.js'

/**
 * What an optional package exports.
 *
 * @param what needs it, as a sentence begins
 * @param load imports it
 * @throws UserError with the command that installs it, where it is not installed
 */
export async function importOptional<T>(what: string, name: string, load: () => Promise<T>): Promise<T> {
  const found = await importIfInstalled(name, load)
  if (found !== undefined) return found
  const project = projectAbove(process.cwd()) ?? process.cwd()
  const command = commandFor(project, { name, version: ownVersion() })
  throw new UserError(`${what} needs the package ${name}: ${command.join(' ')}`)
}

/** What an optional package exports; undefined where it is not installed. */
export async function importIfInstalled<T>(name: string, load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load()
  } catch (cause) {
    // A package that is there may lack one of its own: that is said as it is.
    const isMissing = cause instanceof Error && 'code' in cause && String(cause.code).endsWith('MODULE_NOT_FOUND')
    if (!isMissing || !cause.message.includes(`'${name}'`)) throw cause
    return undefined
  }
}
