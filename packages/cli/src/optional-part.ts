/** Parts of Gradpool that are packages of their own, since not everybody needs them. */
import { UserError } from '@gradpool/core'

/**
 * What an optional package exports.
 *
 * @param load imports it
 * @throws UserError with the command that installs it, where it is not installed
 */
export async function importOptional<T>(module: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const [, name = module] = /^(@gradpool\/[\w-]+)/.exec(module) ?? []
    // A package that is there may lack one of its own: that is said as it is.
    const isMissing = cause instanceof Error && 'code' in cause && String(cause.code).endsWith('MODULE_NOT_FOUND')
    if (!isMissing || !cause.message.includes(`'${name}'`)) throw cause
    throw new UserError(`This needs ${name}, which is not installed: run \`npm install ${name}\``, { cause })
  }
}
