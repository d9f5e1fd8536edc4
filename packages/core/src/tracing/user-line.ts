/**
 * Where in the user's own code an op was called: the first stack frame outside of Gradpool's
 * packages that build models.
 *
 * Only the sources of this package and of its sibling `models`, wherever they are installed, count
 * as Gradpool's. So a test file beside the sources, or a project of the user's with a
 * `packages/core` of its own, is the user's code.
 */
import { nodeModule, nodeProcess } from '../platform/node-module.js'

/** This module's path from its last `src` or `dist` on: built, it is part of a larger one, at the top of `dist`. */
const belowRoot = /(?<=[\\/])(?:src|dist)[\\/](?!.*[\\/](?:src|dist)[\\/]).*$/s
const siblings = ['models', 'trainer', 'experiments']

/**
 * The folders of this package and its siblings: `packages/core` in the repository, `node_modules/@gradpool/core`
 * elsewhere. Undefined where there are no files, as in a browser, or no such folders, as in a bundle.
 */
function ownRoots(): readonly string[] | undefined {
  known ??= { roots: rootsOf(import.meta.url) }
  return known.roots
}

let known: { readonly roots: readonly string[] | undefined } | undefined

/** An install that gives each package a folder of its own (pnpm) has `models` elsewhere. */
const installed = /[\\/]node_modules[\\/]@gradpool[\\/](?:models|trainer|experiments)[\\/]/
/**
 * "at name (file:///a/b.ts:12:34)" or "at /a/b.ts:12:34"; what is not a file, as "node:…", does not
 * match.
 */
const framePattern = /[\s(](file:\/\/\/.+|\/.+|[A-Za-z]:\\.+):(\d+):\d+\)?$/
const testFile = /\.(?:test|spec|bench)\.[cm]?[jt]s$/

/**
 * Whether a file is part of the sources of `core` or `models`, compiled or mapped back to
 * TypeScript.
 */
export function isOwnFile(file: string): boolean {
  if (testFile.test(file)) return false
  if (installed.test(file)) return true
  return (ownRoots() ?? []).some((root) => file.startsWith(root) && /^(?:src|dist)[\\/]/.test(file.slice(root.length)))
}

function rootsOf(moduleUrl: string | undefined): readonly string[] | undefined {
  const [path, url] = [nodeModule('node:path'), nodeModule('node:url')]
  if (!path || !url || !moduleUrl?.startsWith('file:')) return undefined
  const file = url.fileURLToPath(moduleUrl)
  const root = file.replace(belowRoot, '')
  if (root === file || path.basename(root) !== 'core') return undefined
  return [root, ...siblings.map((name) => path.resolve(root, '..', name) + path.sep)]
}

/**
 * `file:line` of the caller's code, relative to the working directory where it is below it, if it
 * can be told.
 */
export function userLine(): string | undefined {
  return ownRoots() && firstUserLine(deepStack())
}

/** A message that ends with the user's line. */
export function withLine(message: string): string {
  const line = userLine()
  return line === undefined ? message : `${message} (at ${line})`
}

/** @param stack the text of `Error.stack` */
export function firstUserLine(stack: string): string | undefined {
  for (const frame of stack.split('\n')) {
    const [, location, line] = framePattern.exec(frame) ?? []
    if (location === undefined || line === undefined) continue
    const file = filePath(location)
    if (isOwnFile(file)) continue
    return `${shortened(file)}:${line}`
  }
  return undefined
}

function deepStack(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  try {
    return new Error().stack ?? ''
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The path of a frame's location, without the query that a loader may have added. */
function filePath(location: string): string {
  const [path = ''] = location.split('?')
  return path.startsWith('file:') ? (nodeModule('node:url')?.fileURLToPath(path) ?? path) : path
}

function shortened(file: string): string {
  const path = nodeModule('node:path')
  const below = path?.relative(nodeProcess()?.cwd?.() ?? '', file)
  return below === undefined || below.startsWith('..') || path?.isAbsolute(below) ? file : below
}
