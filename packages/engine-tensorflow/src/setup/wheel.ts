/**
 * Takes TensorFlow's library from its Python package, and compiles tfjs-node's binding for it.
 *
 * pip fetches the package and checks it against the index's checksum; two libraries and the headers that the binding
 * needs are kept. Everything is built in a folder of this process, which is renamed when complete. So an interruption
 * leaves nothing incomplete behind, and two processes may do this at once.
 */
import { UserError } from '@gradpool/core'
import { cacheFolder, makeDirectories } from '@gradpool/storage'
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { placeBinding, tfjsNode } from './binding.js'
import { run } from './run.js'

const require = createRequire(import.meta.url)

/** The version that this engine is tested with. */
const TENSORFLOW_VERSION = '2.21.0'

/** The Python package with the library for a system, and the tag of its wheel. */
const PACKAGES: Readonly<Record<string, { readonly name: string; readonly tag: string }>> = {
  'linux-x64': { name: 'tensorflow-cpu', tag: 'manylinux_2_27_x86_64' },
  'linux-arm64': { name: 'tensorflow', tag: 'manylinux_2_27_aarch64' },
}

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']
const FETCH_MS = 600_000
/** Folders of work in progress, and the age at which one is a leftover. */
const PARTIAL = 'partial-'
const LEFTOVER_MS = 3_600_000
const COMPILE_MS = 300_000

/** Extracts the libraries, and the headers of the C API, from a wheel. */
const EXTRACT = `
import shutil, sys, zipfile
wheel, to = sys.argv[1:3]
headers = ('tensorflow/c/', 'tensorflow/core/platform/ctstring', 'tsl/platform/ctstring', 'xla/tsl/c/')
with zipfile.ZipFile(wheel) as package:
    for name in package.namelist():
        if name.startswith('tensorflow/include/') and name.endswith('.h'):
            if not name[len('tensorflow/include/'):].startswith(headers): continue
        elif name not in [f'tensorflow/{library}' for library in sys.argv[3:]]: continue
        package.extract(name, to)
`

export type Tell = (line: string) => void

/** Installs a binding that was compiled before. @returns whether there was one */
export function placeCachedBinding(): boolean {
  const { binding, folder } = places()
  if (!existsSync(binding)) return false
  placeBinding(binding, originOf(folder))
  return true
}

/** @throws UserError that says what is missing */
export async function buildFromWheel(tell: Tell): Promise<void> {
  const { cache, folder, binding } = places()
  const wanted = PACKAGES[`${platform()}-${arch()}`]
  if (wanted === undefined) {
    throw new UserError(`no TensorFlow library is known for ${platform()} ${arch()}`)
  }
  const compiler = await firstThatRuns([process.env.CXX ?? 'c++', 'g++', 'clang++'])
  if (compiler === undefined) throw new UserError('there is no C++ compiler (c++, g++, clang++)')
  await makeDirectories(cache)
  removeLeftovers(cache)
  const draft = mkdtempSync(join(cache, PARTIAL))
  const removeDraft = () => rmSync(draft, { recursive: true, force: true })
  process.once('exit', removeDraft)
  try {
    if (!LIBRARIES.every((library) => existsSync(join(folder, 'tensorflow', library)))) {
      await fetchLibraries(wanted, draft, tell)
      rename(join(draft, 'library'), folder)
    }
    tell("Compiling tfjs-node's binding for it …")
    const compiled = join(draft, 'tfjs_binding.node')
    await compile(compiler, join(folder, 'tensorflow'), compiled)
    renameSync(compiled, binding)
  } finally {
    process.removeListener('exit', removeDraft)
    removeDraft()
  }
  placeBinding(binding, originOf(folder))
}

async function fetchLibraries(
  { name, tag }: { readonly name: string; readonly tag: string },
  draft: string,
  tell: Tell,
): Promise<void> {
  const python = await firstThatRuns(['python3', 'python'], ['-m', 'pip', '--version'])
  if (python === undefined) throw new UserError('there is no Python with pip')
  tell(`Fetching ${name} ${TENSORFLOW_VERSION} with pip (270 MB) …`)
  // Any version of Python will do: the libraries do not depend on it.
  const target = ['--python-version', '3.11', '--implementation', 'cp', '--platform', tag]
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input']
  const fetched = await run(
    python,
    ['-m', 'pip', 'download', ...quiet, '--no-deps', '--only-binary=:all:', ...target].concat(
      ['--dest', draft],
      `${name}==${TENSORFLOW_VERSION}`,
    ),
    { timeoutMs: FETCH_MS },
  )
  if (!fetched.ok) throw new UserError(`pip could not fetch ${name}: ${fetched.reason}`)
  tell('Taking its libraries out …')
  const wheel = readdirSync(draft).find((file) => file.endsWith('.whl')) ?? ''
  const extracted = await run(python, ['-c', EXTRACT, join(draft, wheel), join(draft, 'library'), ...LIBRARIES], {
    timeoutMs: FETCH_MS,
  })
  if (!extracted.ok) throw new UserError(`the package could not be unpacked: ${extracted.reason}`)
}

async function compile(compiler: string, tensorflow: string, to: string): Promise<void> {
  const { include_dir: nodeHeaders } = require('node-api-headers') as {
    readonly include_dir: string
  }
  const sources = join(tfjsNode().folder, 'binding')
  const args = [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-w', '-DNAPI_VERSION=8'],
    ...[`-I${nodeHeaders}`, `-I${join(tensorflow, 'include')}`],
    ...readdirSync(sources)
      .filter((file) => file.endsWith('.cc'))
      .map((file) => join(sources, file)),
    ...['-o', to, `-L${tensorflow}`, `-Wl,-rpath,${tensorflow}`],
    ...LIBRARIES.map((library) => `-l:${library}`),
  ]
  const { ok, reason } = await run(compiler, args, { timeoutMs: COMPILE_MS })
  if (!ok) throw new UserError(`tfjs-node's binding could not be compiled: ${reason}`)
}

async function firstThatRuns(
  commands: readonly string[],
  args: readonly string[] = ['--version'],
): Promise<string | undefined> {
  for (const command of commands) {
    const { ok } = await run(command, args, { timeoutMs: 20_000 })
    if (ok) return command
  }
  return undefined
}

/** Removes what a killed process has left. */
function removeLeftovers(cache: string): void {
  for (const name of readdirSync(cache).filter((name) => name.startsWith(PARTIAL))) {
    const folder = join(cache, name)
    const since = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (Date.now() - since > LEFTOVER_MS) rmSync(folder, { recursive: true, force: true })
  }
}

/** Moves a folder into place, unless another process has done so already. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}

function places() {
  const cache = cacheFolder()
  const folder = join(cache, `tensorflow-${TENSORFLOW_VERSION}-${platform()}-${arch()}`)
  return { cache, folder, binding: join(folder, `tfjs-${tfjsNode().version}.node`) }
}

function originOf(folder: string): string {
  return `the Python package, kept in ${folder}`
}
