/**
 * Where the files are that the packages load while they run: kernels, and the modules of worker threads. They lie
 * beside the module that loads them, where bundlers that understand `new URL('…', import.meta.url)` put them, too.
 * Other bundles have them beside themselves, or find them where the packages are installed, or are told by
 * `locateFiles`.
 */
import { UserError } from '../errors.js'
import { nodeModule, nodeProcess } from './node-module.js'

/** The one file that stands for the modules of all worker threads. */
export const WORKER_FILE = 'gradpool-worker.js'

const KERNEL_FILES = [
  'kernels.wasm',
  'kernels-emulated.wasm',
  'kernels-unshared.wasm',
  'kernels-emulated-unshared.wasm',
] as const

export type LocatedFile = typeof WORKER_FILE | (typeof KERNEL_FILES)[number]

/**
 * A path, a URL, or for kernels what is in the file: a `WebAssembly.Module`, or its bytes.
 */
export type FileLocation = string | object

const located = new Map<string, FileLocation>()

/**
 * Says where files of Gradpool are, for bundles that do not have them beside themselves, and for platforms that compile
 * WebAssembly only ahead: `locateFiles({ 'kernels-unshared.wasm': module })`. To be called before anything is trained
 * or predicted.
 *
 * @throws UserError for a name that is none of its files
 */
export function locateFiles(files: Readonly<Partial<Record<LocatedFile, FileLocation>>>): void {
  const known: readonly string[] = [WORKER_FILE, ...KERNEL_FILES]
  for (const [name, location] of Object.entries(files)) {
    if (!known.includes(name)) {
      throw new UserError(`locateFiles: there is no file '${name}'; there are ${known.join(', ')}`)
    }
    located.set(name, location)
  }
}

export interface FileSearch {
  /** What it is called in a message, and beside a bundle. */
  readonly name: string
  /** Beside the module that looks for it; throws where modules do not know where they are. */
  readonly own: () => URL
  /** What `import` finds it by, where the packages are installed. */
  readonly specifier: string
  /** Other files that do as well, by their names. */
  readonly instead?: readonly string[]
  /** What its text must have, so that no other file of its name is taken for it. */
  readonly has?: RegExp
}

/**
 * A file: what `locateFiles` was told, or a URL.
 *
 * @throws UserError that names the file that was looked for, and what to do
 */
export function findFile({ name, own, specifier, instead = [], has }: FileSearch): FileLocation {
  for (const each of [name, ...instead]) {
    const location = located.get(each)
    if (location !== undefined) return location
  }
  const [fs, url] = [nodeModule('node:fs'), nodeModule('node:url')]
  const base = baseOf(own, name)
  if (base?.protocol !== 'file:' || !fs || !url) {
    if (base !== undefined) return base
    throw new UserError(
      `'${name}' is looked for beside the module that loads it, and this bundle does not know where it is: say it by locateFiles({ '${instead[0] ?? name}': … }) (docs/bundling.md)`,
    )
  }
  const isIt = (candidate: URL) => {
    const path = url.fileURLToPath(candidate)
    return fs.existsSync(path) && (has === undefined || has.test(fs.readFileSync(path, 'utf8')))
  }
  const beside = [base, ...instead.map((each) => new URL(`./${each}`, base))]
  const found = beside.find(isIt) ?? installed(specifier, base)
  if (found) return found
  const looked = beside.map((each) => `'${url.fileURLToPath(each)}'`).join(' and ')
  throw new UserError(
    `this bundle lacks a file: ${looked} ${beside.length > 1 ? 'are' : 'is'} not there${has ? ', or no such file of Gradpool' : ''}, nor is ${specifier} installed; copy it there, or say where it is by locateFiles (docs/bundling.md)`,
  )
}

/** The same as text, for a file that is loaded by its URL. */
export function findUrl(search: FileSearch): string {
  const found = findFile(search)
  if (found instanceof URL) return found.href
  if (typeof found === 'string') return /^[a-z][a-z\d+.-]+:/i.test(found) ? found : pathUrl(found)
  throw new UserError(`locateFiles: '${search.name}' is told by a path or a URL`)
}

function pathUrl(path: string): string {
  return nodeModule('node:url')?.pathToFileURL(path).href ?? path
}

/** In a bundle of CommonJS, `import.meta.url` is undefined and `__filename` the bundle. */
function baseOf(own: () => URL, name: string): URL | undefined {
  try {
    return own()
  } catch {
    const url = nodeModule('node:url')
    if (typeof __filename !== 'string' || !url) return undefined
    return new URL(`./${name}`, url.pathToFileURL(__filename))
  }
}

/** Where the packages are installed, seen from a bundle or from where the program runs. */
function installed(specifier: string, base: URL): URL | undefined {
  const [module, url] = [nodeModule('node:module'), nodeModule('node:url')]
  if (!module || !url) return undefined
  for (const from of [base.href, `${url.pathToFileURL(nodeProcess()?.cwd?.() ?? '.').href}/package.json`]) {
    try {
      return url.pathToFileURL(module.createRequire(from).resolve(specifier))
    } catch {
      // It may be seen from the next place.
    }
  }
  return undefined
}
