/**
 * Modules of Node, where there is a Node. No import names them but for their types, so that bundlers for browsers meet
 * none; elsewhere there are none, and what needs one has another way or says so.
 */
import type * as crypto from 'node:crypto'
import type * as fs from 'node:fs'
import type * as module from 'node:module'
import type * as os from 'node:os'
import type * as path from 'node:path'
import type * as url from 'node:url'
import type * as v8 from 'node:v8'

interface NodeModules {
  readonly 'node:crypto': typeof crypto
  readonly 'node:fs': typeof fs
  readonly 'node:module': typeof module
  readonly 'node:os': typeof os
  readonly 'node:path': typeof path
  readonly 'node:url': typeof url
  readonly 'node:v8': typeof v8
}

/** What a browser has of it, and Node. */
interface Surroundings {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } & Partial<
    Pick<NodeJS.Process, 'arch' | 'cwd' | 'env' | 'hrtime'>
  >
}

/** Node's `process`, if there is one, or what a bundler put in its place. */
export function nodeProcess(): Surroundings['process'] {
  return (globalThis as Surroundings).process
}

export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  // Node's documentation says what each of them is.
  return nodeProcess()?.getBuiltinModule?.(name) as NodeModules[Name] | undefined
}
