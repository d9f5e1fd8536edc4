/**
 * A release as it goes to the registry, here an empty one: what is published, in which order, and that `gradpool` of it
 * has native code on a machine without a compiler. It makes the packages of all platforms where they are not made.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../docs/blocks.js'
import { createProject, install, installedFolders, type Project, write } from './project.js'
import { type Registry, startRegistry } from './registry.js'
import { node, npm, output, run } from './run.js'
import { expectTrained, trainingFiles } from './training.js'

interface Manifest {
  readonly version: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const platforms = [
  ...['linux-x64-gnu', 'linux-x64-musl', 'linux-arm64-gnu', 'linux-arm64-musl'],
  ...['darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'],
].map((name) => `@gradpool/engine-cpu-${name}`)

describe('a release', () => {
  let registry: Registry
  let version: string
  let release: (...args: readonly string[]) => ReturnType<typeof run>
  let published: readonly string[]

  beforeAll(async () => {
    registry = await startRegistry()
    const manifest = await readFile(join(root, 'packages/gradpool/package.json'), 'utf8')
    version = (JSON.parse(manifest) as Manifest).version
    // npm asks for a name, whoever may publish.
    const env = { [`npm_config_${registry.url.replace(/^http:/, '')}:_authToken`]: 'none' }
    release = (...args) => {
      const command = [node, 'tools/release.mjs', ...args, '--publish', '--registry', registry.url]
      return run(command, { cwd: root, env, timeoutMs: 900_000 })
    }
    const { code, stdout, stderr } = await release(version)
    expect(code, stderr).toBe(0)
    published = [...stdout.matchAll(/^\+ (.*)$/gm)].map(([, name = '']) => name)
  })
  afterAll(() => registry.stop())

  const manifestOf = async (name: string) => {
    const response = await fetch(`${registry.url}${name.replace('/', '%2f')}`)
    const { versions } = (await response.json()) as { readonly versions: Readonly<Record<string, Manifest>> }
    return versions[version]
  }

  test('publishes the code of all platforms first, and gradpool after all that it depends on', ({ task }) => {
    expect(published.slice(0, 8).sort()).toEqual(platforms.map((name) => `${name}@${version}`).sort())
    expect(new Set(published).size).toBe(published.length)
    const at = (name: string) => published.indexOf(`${name}@${version}`)
    expect(at('@gradpool/core')).toBeGreaterThan(7)
    expect(at('@gradpool/engine-cpu')).toBeGreaterThan(at('@gradpool/core'))
    expect(at('gradpool')).toBeGreaterThan(at('@gradpool/trainer'))
    task.meta.found = `${published.length} packages`
  })

  test('tells the registry that the engine depends on them, and leaves the manifest as it was', async () => {
    const engine = await manifestOf('@gradpool/engine-cpu')
    expect(engine?.optionalDependencies).toEqual(Object.fromEntries(platforms.map((name) => [name, version])))
    const here = await readFile(join(root, 'packages/engine-cpu/package.json'), 'utf8')
    expect(here).not.toContain('optionalDependencies')
  })

  test('that broke off goes on, and publishes nothing twice', async () => {
    const { code, stdout } = await release(version)
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/^\+ /m)
    expect(stdout.match(/ is already published$/gm)).toHaveLength(published.length)
  })

  test('of a version that is not this one is refused', async () => {
    const { code, stderr } = await release('0.1.0')
    expect(code).toBe(2)
    expect(stderr).toContain('error: ')
  })

  describe('installed in a fresh folder, without a compiler', () => {
    let project: Project
    // Node, npm and the shell that npm wants, and no other program.
    let bare: Readonly<Record<string, string>>

    beforeAll(async () => {
      project = await createProject({ dependencies: { gradpool: version } })
      await write(project.path, { ...trainingFiles, 'bin/.keep': '' })
      bare = { PATH: join(project.path, 'bin'), CC: join(project.path, 'no-compiler') }
      await output(['ln', '-s', node, join(project.path, 'bin/node')], { cwd: project.path })
      await install(project, registry)
    })
    afterAll(() => project.remove())

    test('has the package of this platform alone, and ran no script', async ({ task }) => {
      const native = (await installedFolders(project.path)).filter((name) => name.includes('engine-cpu-'))
      expect(native).toHaveLength(1)
      expect(native[0]).toContain(`engine-cpu-${process.platform}-${process.arch}`)
      const lock = JSON.parse(await readFile(join(project.path, 'node_modules/.package-lock.json'), 'utf8')) as {
        readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
      }
      expect(Object.entries(lock.packages).filter(([, its]) => its.hasInstallScript)).toEqual([])
      task.meta.found = native.join()
    })

    test('has native code', async ({ task }) => {
      const command = [node, 'node_modules/gradpool/bin/gradpool.js', 'doctor']
      // It ends with 1 for want of MNIST.
      const { stdout } = await run(command, { cwd: project.path, env: bare })
      const [line = ''] = /^.*Engine native.*$/m.exec(stdout) ?? [stdout]
      expect(line).toMatch(/✔ Engine native +native code, \S+/)
      task.meta.found = line.trim()
    })

    test('trains with it', async () => {
      await write(project.path, {
        'native.mjs': trainingFiles['training.mjs'].replace('workers: 2', `workers: 2, engine: 'native'`),
        'train-native.mjs': `import { trained } from './native.mjs'\nconsole.log(JSON.stringify(await trained()))\n`,
      })
      await expectTrained(await output([node, 'train-native.mjs'], { cwd: project.path, env: bare }))
      await expectTrained(await output([node, 'train.mjs'], { cwd: project.path, env: bare }))
    })

    test('has none where optional packages are left out, and says what to do', async () => {
      const folder = await createProject({ dependencies: { gradpool: version } })
      try {
        await output(
          npm('install', '--registry', registry.url, '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'),
          { cwd: folder.path },
        )
        const command = [node, 'node_modules/gradpool/bin/gradpool.js', 'doctor']
        const { stdout } = await run(command, { cwd: folder.path })
        expect(stdout).toMatch(/Engine native .*\n?.*gradpool setup native/)
      } finally {
        await folder.remove()
      }
    })
  })
})
