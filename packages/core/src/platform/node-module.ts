/**
 * Modules of Node, where there is a Node. No import names them, so that bundlers for browsers meet none; elsewhere there
 * are none, and what needs one has another way or says so.
 */
interface NodeModules {
  readonly 'node:crypto': typeof import('node:crypto')
  readonly 'node:fs': typeof import('node:fs')
  readonly 'node:module': typeof import('node:module')
  readonly 'node:os': typeof import('node:os')
  readonly 'node:path': typeof import('node:path')
  readonly 'node:url': typeof import('node:url')
  readonly 'node:v8': typeof import('node:v8')
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
