// What an installation brings: how large packages are as packed, and what they depend on.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const MEGABYTE = 2 ** 20

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly scripts?: Readonly<Record<string, string>>
}

const folderOfOurs = (name: string): string => join(root, 'packages', name.replace('@gradpool/', ''))
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** The folder that Node finds a package in, from another folder. */
function folderOf(name: string, from: string): string {
  if (name === 'gradpool' || name.startsWith('@gradpool/')) return folderOfOurs(name)
  const folder = join(from, 'node_modules', name)
  if (existsSync(folder)) return folder
  if (dirname(from) === from) throw new Error(`${name} is not installed`)
  return folderOf(name, dirname(from))
}

/** All packages that installing one brings, optional peers and platforms' packages left out: folders by name. */
function broughtBy(names: readonly string[]): Map<string, string> {
  const brought = new Map<string, string>()
  const add = (name: string, from: string): void => {
    const folder = folderOf(name, from)
    if ([...brought.values()].includes(folder)) return
    brought.set(brought.has(name) ? `${name} in ${from}` : name, folder)
    for (const needed of Object.keys(manifestIn(folder).dependencies ?? {})) add(needed, folder)
  }
  for (const name of names) add(name, root)
  return brought
}

const isOurs = (name: string): boolean => name === 'gradpool' || name.startsWith('@gradpool/')

interface Packed {
  readonly name: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

let all: readonly Packed[]
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts', '--workspaces'],
    { cwd: root, shell: process.platform === 'win32', maxBuffer: 64 * MEGABYTE },
  )
  // Before npm 12 a list, then by name.
  all = Object.values(JSON.parse(stdout) as Readonly<Record<string, Packed>>)
})

/** What `npm pack` would put into a package of ours. */
function packed(name: string): Packed {
  const one = all.find((each) => each.name === name)
  if (one === undefined) throw new Error(`${name} was not packed`)
  return one
}

/** Bytes of all files in a folder, without what is installed within. */
function bytesIn(folder: string): number {
  const files = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules')
  return files.reduce((sum, file) => {
    const path = join(folder, file.name)
    return sum + (file.isDirectory() ? bytesIn(path) : file.isFile() ? statSync(path).size : 0)
  }, 0)
}

const SMALL = ['@gradpool/core', '@gradpool/engine-cpu', '@gradpool/models']

test('core, the engine and models bring nothing of others but hashes, and are below 3 MB', () => {
  const brought = broughtBy(SMALL)
  expect([...brought.keys()].filter((name) => !isOurs(name) && name !== '@noble/hashes')).toEqual([])
  let total = 0
  for (const [name, folder] of brought) total += isOurs(name) ? packed(name).unpackedSize : bytesIn(folder)
  expect(total / MEGABYTE).toBeLessThan(3)
})

test('the engine has its sources to compile, and no code of the machine that packs it', () => {
  const paths = packed('@gradpool/engine-cpu').files.map(({ path }) => path)
  expect(paths.filter((path) => path.endsWith('.node'))).toEqual([])
  for (const path of [
    'kernels/matmul.c',
    'kernels/plan.h',
    'native/addon.c',
    'native/build.mjs',
    'dist/include/node_api.h',
  ]) {
    expect(paths).toContain(path)
  }
  expect(paths.filter((path) => /fingerprint|check\.test|bench/.test(path))).toEqual([])
})

test('files and saved models come without the orchestrator', () => {
  const storage = [...broughtBy(['@gradpool/storage']).keys()]
  expect(storage.filter(isOurs).sort()).toEqual(['@gradpool/core', '@gradpool/storage'])
  expect([...broughtBy(['@gradpool/trainer']).keys()]).not.toContain('@gradpool/orchestrator')
})

test('gradpool brings no TensorFlow and no data, runs no script, and is below 25 MB', () => {
  const brought = broughtBy(['gradpool'])
  expect(
    [...brought.keys()].filter((name) => !isOurs(name) && /tfjs|mnist|sharp|duckdb|onnx|tokenizers/.test(name)),
  ).toEqual([])
  let total = 0
  for (const [name, folder] of brought) {
    const scripts = Object.keys(manifestIn(folder).scripts ?? {})
    expect(
      scripts.filter((script) => ['preinstall', 'install', 'postinstall'].includes(script)),
      name,
    ).toEqual([])
    total += isOurs(name) ? packed(name).unpackedSize : bytesIn(folder)
  }
  expect(total / MEGABYTE).toBeLessThan(25)
})

// A package manager that is strict gives a package no other peers than those that all above it name.
test('each package names every optional package of its parts', () => {
  for (const [name, folder] of broughtBy(['gradpool', '@gradpool/hashing'])) {
    if (!isOurs(name)) continue
    const own = manifestIn(folder)
    for (const [part, partFolder] of broughtBy([name])) {
      if (!isOurs(part)) continue
      for (const [peer, range] of Object.entries(manifestIn(partFolder).peerDependencies ?? {})) {
        expect(own.peerDependencies?.[peer], `${peer} in ${name}`).toBe(range)
        expect(own.peerDependenciesMeta?.[peer]?.optional, `${peer} in ${name}`).toBe(true)
      }
    }
  }
})

test('declarations have no typed arrays with a parameter, which TypeScript before 5.7 does not know', () => {
  const declarations = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[^/\\]+[/\\]dist[/\\].*\.d\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, 'packages', path), 'utf8') }))
  expect(declarations.length).toBeGreaterThan(100)
  expect(
    declarations.filter(({ text }) => /\b(?:\w+Array|Buffer)<ArrayBuffer/.test(text)).map(({ path }) => path),
  ).toEqual([])
})
