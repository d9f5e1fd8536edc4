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
import type * as util from 'node:util'
import type * as v8 from 'node:v8'
import type * as workerThreads from 'node:worker_threads'
import { UserError } from '../errors.js'

interface NodeModules {
  readonly 'node:crypto': typeof crypto
  readonly 'node:fs': typeof fs
  readonly 'node:module': typeof module
  readonly 'node:os': typeof os
  readonly 'node:path': typeof path
  readonly 'node:url': typeof url
  readonly 'node:util': typeof util
  readonly 'node:v8': typeof v8
  readonly 'node:worker_threads': typeof workerThreads
}

/** What a browser has of it, and Node. */
interface Surroundings {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } & Partial<
    Pick<NodeJS.Process, 'arch' | 'cpuUsage' | 'cwd' | 'emitWarning' | 'env' | 'hrtime' | 'memoryUsage' | 'stderr'>
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

const ABOUT_FILES = ['node:fs', 'node:fs/promises', 'node:os', 'node:path', 'node:url', 'node:zlib']

/**
 * What an import of a module of Node becomes when a package is built (`tools/bundle.mjs`): what takes an export of it
 * by its name. Where there is no Node, what was taken says so when it is called.
 */
export function fromNode(name: string): (key: string) => unknown {
  const module = nodeProcess()?.getBuiltinModule?.(name) as Readonly<Record<string, unknown>> | undefined
  if (module) return (key) => module[key]
  return () =>
    // No arrow: what is a class there is called by `new`.
    function refuse() {
      throw new UserError(
        ABOUT_FILES.includes(name)
          ? 'there are no files in a browser: give what is in them, as arrays, bytes or a Blob (docs/browser.md)'
          : `this needs '${name}' of Node, which is not in browsers (docs/browser.md)`,
      )
    }
}
