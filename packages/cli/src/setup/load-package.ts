/** Packages of Gradpool that are not installed with it. */
import { UserError } from '@gradpool/core'
import { codeOf } from '@gradpool/storage'
import { ownVersion } from '@gradpool/trainer'
import { commandFor, projectAbove } from './optional-packages.js'

/** What it exports; undefined where it is not there. */
export async function ifInstalled<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load()
  } catch (error) {
    if (codeOf(error) === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/**
 * @param need What needs it, as a sentence begins: `A queue needs`.
 * @throws UserError with the command that installs it, where it is not there
 */
export async function loadPackage<T>(name: string, need: string, load: () => Promise<T>): Promise<T> {
  const loaded = await ifInstalled(load)
  if (loaded !== undefined) return loaded
  const project = projectAbove(process.cwd()) ?? process.cwd()
  const command = commandFor(project, { name, version: ownVersion() })
  throw new UserError(`${need} the package ${name}: ${command.join(' ')}`)
}
