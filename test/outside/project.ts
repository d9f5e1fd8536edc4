/** Fresh projects, each in a folder of its own, with packages installed by one of the package managers. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { absent, fetched } from './fetched.js'
import type { Registry } from './registry.js'
import { node, npm, output } from './run.js'

export type Manager = 'npm' | 'pnpm' | 'yarn' | 'bun'

export interface Project {
  readonly path: string
  readonly remove: () => Promise<void>
}

export interface ProjectOptions {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  /** `module` where it says nothing. */
  readonly type?: 'module' | 'commonjs'
}

/** Nothing is installed in it yet. */
export async function createProject(options: ProjectOptions): Promise<Project> {
  const { dependencies, devDependencies = {}, type = 'module' } = options
  const path = await mkdtemp(join(tmpdir(), 'gradpool-outside-'))
  const manifest = { name: 'outside', version: '1.0.0', private: true, type, dependencies, devDependencies }
  await writeFile(join(path, 'package.json'), JSON.stringify(manifest, null, 2))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}

/** @throws Error with all that the package manager said, where it fails */
export async function install({ path }: Project, registry: Registry, manager: Manager = 'npm'): Promise<void> {
  await MANAGERS[manager](path, registry)
}

const MANAGERS: Readonly<Record<Manager, (path: string, registry: Registry) => Promise<void>>> = {
  // Scripts may run: that none does is what some tests are about.
  async npm(path, { url }) {
    await output(npm('install', '--registry', url, '--no-audit', '--no-fund', '--loglevel=error'), { cwd: path })
  },
  async pnpm(path, { url }) {
    // pnpm refuses what is younger than a day by default, and ours is.
    await writeFile(join(path, '.npmrc'), `registry=${url}\nminimum-release-age=0\n`)
    const program = join(await fetched('pnpm'), 'node_modules/pnpm/bin/pnpm.cjs')
    const folders = ['--store-dir', join(path, '.store'), '--cache-dir', join(path, '.cache')]
    await output([node, program, 'install', '--ignore-scripts', ...folders], { cwd: path })
  },
  async yarn(path, { url }) {
    const config = {
      nodeLinker: 'pnp',
      npmRegistryServer: url,
      npmMinimalAgeGate: 0,
      unsafeHttpWhitelist: ['127.0.0.1'],
      enableGlobalCache: false,
      enableImmutableInstalls: false,
      enableTelemetry: false,
      enableScripts: false,
      globalFolder: join(path, '.yarn/global'),
    }
    await writeFile(join(path, '.yarnrc.yml'), JSON.stringify(config))
    await writeFile(join(path, 'yarn.lock'), '')
    await output([...(await yarn()), 'install'], { cwd: path })
  },
  async bun(path, { url }) {
    await writeFile(
      join(path, 'bunfig.toml'),
      `[install]\nregistry = "${url}"\nminimumReleaseAge = 0\n[install.cache]\ndisable = true\n`,
    )
    await output([await executable('bun'), 'install'], { cwd: path })
  },
}

export async function yarn(): Promise<readonly string[]> {
  return [node, join(await fetched('@yarnpkg/cli-dist'), 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')]
}

/** A program that is in the one package for this platform, of those that its package names as optional. */
export async function executable(program: 'bun' | 'deno'): Promise<string> {
  const folder = join(await fetched(program), 'node_modules', program === 'bun' ? '@oven' : '@deno')
  const platforms = existsSync(folder) ? await readdir(folder) : []
  for (const platform of platforms) {
    for (const place of ['', 'bin']) {
      const path = join(folder, platform, place, program)
      if (existsSync(path)) return path
    }
  }
  throw absent(program, 'it has no package for this platform')
}

/** The versions of what is installed, by folder in `node_modules`. */
export async function installedFolders(path: string): Promise<string[]> {
  const folder = join(path, 'node_modules')
  const names = await readdir(folder)
  const scoped = await Promise.all(
    names
      .filter((name) => name.startsWith('@'))
      .map(async (scope) => (await readdir(join(folder, scope))).map((it) => `${scope}/${it}`)),
  )
  return [...names.filter((name) => !/^[.@]/.test(name)), ...scoped.flat()].sort()
}

export async function write(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true })
    await writeFile(join(path, name), text)
  }
}
