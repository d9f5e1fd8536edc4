/** Engines of others: modules that export `createEngine`. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { cwd } from 'node:process'
import { pathToFileURL } from 'node:url'
import { UserError } from '@gradpool/core'
import { type Engine, visible } from '@gradpool/core/engine'

/**
 * The engine that a module makes.
 *
 * @param module the name of a package that is installed where the program runs, the path of a file, relative to the
 *   current folder or not, or a URL
 * @param ours the names of our own, to be told of where there is no such module
 * @throws UserError where there is no such module, or what it exports is no engine
 */
export async function loadEngine(module: string, ours: readonly string[]): Promise<Engine> {
  const exported = await importModule(module, ours)
  const { createEngine }: { readonly createEngine?: unknown } = exported
  if (!isFunction(createEngine)) {
    throw new UserError(`the module '${visible(module)}' exports no function createEngine, so it is no engine`)
  }
  const made: unknown = await createEngine()
  if (isEngine(made)) return made
  throw new UserError(
    `createEngine() of the module '${visible(module)}' does not give an engine, with name, numerics, workerModule and compile`,
  )
}

async function importModule(module: string, ours: readonly string[]): Promise<object> {
  const url = urlOf(module)
  if (url.startsWith('file:') && !existsSync(new URL(url))) throw noEngine(module, ours)
  try {
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ url)) as object
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (message.startsWith(`Cannot find package '${module}'`)) throw noEngine(module, ours)
    const [reason = ''] = message.trim().split('\n')
    throw new UserError(`the engine '${visible(module)}' could not be loaded: ${visible(reason)}`, { cause: error })
  }
}

function noEngine(module: string, ours: readonly string[]): UserError {
  const names = ours.map((name) => `'${name}'`).join(' or ')
  return new UserError(
    `there is no engine '${visible(module)}': engine must be ${names}, a package that is installed here, or the path of a file, ` +
      'such as ./my-engine.mjs',
  )
}

/** Where a module is: as it is installed in the current folder, else beside this package. */
function urlOf(module: string): string {
  if (/^(file|data|node):/.test(module)) return module
  if (/^\.{1,2}[/\\]/.test(module) || isAbsolute(module)) return pathToFileURL(resolve(module)).href
  try {
    const path = createRequire(join(cwd(), 'package.json')).resolve(module)
    return isAbsolute(path) ? pathToFileURL(path).href : module
  } catch {
    // Not there, or for `import` alone, which is not what this looks for.
    return module
  }
}

const isFunction = (value: unknown): value is () => unknown => typeof value === 'function'

function isEngine(made: unknown): made is Engine {
  if (typeof made !== 'object' || made === null) return false
  const its: Partial<Record<keyof Engine, unknown>> = made
  return (
    typeof its.compile === 'function' &&
    typeof its.dispose === 'function' &&
    typeof its.allocate === 'function' &&
    [its.name, its.numerics, its.workerModule].every((text) => typeof text === 'string' && text !== '')
  )
}
