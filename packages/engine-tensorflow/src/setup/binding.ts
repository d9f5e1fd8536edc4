/** tfjs-node's native binding: its location, and whether it works. */
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { UserError } from '@gradpool/core'
import { installedPackage, temporaryPath } from '@gradpool/storage'
import { dirname, join } from 'node:path'
import { run } from './run.js'

/** Node-API's version, which tfjs-node names the folder after. */
const NAPI_VERSION = 8
const CHECK_MS = 60_000

export interface TfjsNode {
  readonly folder: string
  readonly version: string
}

/** What a message says that misses TensorFlow. */
export const NO_TENSORFLOW = "the engine 'tensorflow' has no TensorFlow here: run `gradpool setup tensorflow` to get it"

/** The package, where it is installed: it is optional. */
export function findTfjsNode(): TfjsNode | undefined {
  const folder = installedPackage('@tensorflow/tfjs-node', import.meta.url)
  if (folder === undefined) return undefined
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string }
  return { folder, version }
}

/** @throws UserError where it is not installed; says how to get it */
export function tfjsNode(): TfjsNode {
  const found = findTfjsNode()
  if (found === undefined) throw new UserError(NO_TENSORFLOW)
  return found
}

export function bindingFile(): string {
  return join(tfjsNode().folder, 'lib', `napi-v${NAPI_VERSION}`, 'tfjs_binding.node')
}

/** Where the binding in use came from, in words. */
export function bindingOrigin(): string {
  const file = originFile()
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : "tfjs-node's own installer"
}

/** Installs a binding where tfjs-node looks for it, atomically. */
export function placeBinding(from: string, origin: string): void {
  const to = bindingFile()
  mkdirSync(dirname(to), { recursive: true })
  const draft = temporaryPath(to)
  copyFileSync(from, draft, constants.COPYFILE_EXCL)
  writeFileSync(originFile(), `${origin}\n`)
  renameSync(draft, to)
}

/** TensorFlow's version if it works. It is loaded in a process of its own, as an incompatible library may crash. */
export async function workingVersion(): Promise<string | undefined> {
  if (findTfjsNode() === undefined || !existsSync(bindingFile())) return undefined
  const code = `
    require('node:util').isNullOrUndefined ??= (value) => value == null
    const tf = require(${JSON.stringify(tfjsNode().folder)})
    if (tf.add(20, 3).dataSync()[0] !== 23) process.exit(1)
    process.stdout.write('version ' + tf.backend().binding.TF_Version)`
  const { ok, stdout } = await run(process.execPath, ['-e', code], { timeoutMs: CHECK_MS })
  return ok ? /version (\S+)$/.exec(stdout)?.[1] : undefined
}

function originFile(): string {
  return `${bindingFile()}.origin`
}
