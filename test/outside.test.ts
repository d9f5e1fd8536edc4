/** The packages as others have them, in short; `npm run test:outside` is the whole. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from './docs/blocks.js'
import { type Packed, packAll, unpack } from './outside/packed.js'
import { createProject, type Project, write } from './outside/project.js'
import { node, npm, output, run } from './outside/run.js'
import { type Sample, samples } from './outside/samples.js'

let packages: ReadonlyMap<string, Packed>
let remove: () => Promise<void>
beforeAll(async () => ({ packages, remove } = await packAll()))
afterAll(() => remove())

const { repository } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  readonly repository: { readonly url: string }
}
const hasAddress = !new URL(repository.url).hostname.endsWith('.invalid')

test('each packed package has a licence, no maps, and nothing that publint would say', async () => {
  expect(packages.size).toBeGreaterThan(12)
  for (const packed of packages.values()) {
    expect(packed.files, packed.name).toContain('LICENSE')
    expect(packed.files.filter((path) => path.endsWith('.map'))).toEqual([])
    const { path, manifest, remove: removeIt } = await unpack(packed)
    const { messages } = await publint({ pkgDir: path, pack: false, strict: true })
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
    for (const key of ['keywords', 'main', 'types']) expect(manifest).toHaveProperty(key)
    // The address of the repository is added to all of them while they are packed, unless it is a placeholder.
    const address = { repository: { directory: `packages/${packed.name.replace('@gradpool/', '')}` } }
    if (hasAddress) expect(manifest).toMatchObject({ ...address, homepage: expect.any(String) as string })
    else expect(Object.keys(manifest)).not.toContain('repository')
    await removeIt()
  }
})

test('all manifests in the repository are complete', async () => {
  await expect(output([node, 'tools/manifests.mjs'], { cwd: root })).resolves.toBe('')
})

test('what is not built is not packed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-unbuilt-'))
  try {
    const manifest = await readFile(join(root, 'packages/core/package.json'), 'utf8')
    await writeFile(
      join(folder, 'package.json'),
      manifest.replaceAll('../../tools', join(root, 'tools').replaceAll('\\', '/')),
    )
    const { code, stderr } = await run(npm('pack', '--dry-run', '--ignore-scripts=false'), { cwd: folder })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(
      /error: @gradpool\/core is not built: .* lacks \.\/dist\/index\.js, .*; run npm run build first/,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

describe('installed by npm from the packed files', () => {
  let project: Project
  const chosen = samples()
    .filter(({ name }) => /^packages\/(core|trainer)\/README\.md/.test(name))
    .filter(firstOfPage)

  function firstOfPage({ name }: Sample, at: number, all: readonly Sample[]): boolean {
    return all.findIndex((other) => other.name.split(':')[0] === name.split(':')[0]) === at
  }

  beforeAll(async () => {
    const files = Object.fromEntries([...packages.values()].map(({ name, path }) => [name, `file:${path}`]))
    project = await createProject({ dependencies: files })
    await output(
      npm('install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'),
      {
        cwd: project.path,
      },
    )
  })
  afterAll(() => project.remove())

  test('samples of the READMEs run as JavaScript', async () => {
    expect(chosen).toHaveLength(2)
    for (const { file, javascript, prints } of chosen) {
      await write(project.path, { [`${file}.js`]: javascript })
      expect(await output([node, `${file}.js`], { cwd: project.path })).toContain(prints)
    }
  })

  test('samples of the READMEs are right for TypeScript without the DOM, declarations of ours included', async () => {
    await write(project.path, Object.fromEntries(chosen.map(({ file, typescript }) => [`${file}.ts`, typescript])))
    const compilerOptions = {
      strict: true,
      module: 'nodenext',
      lib: ['es2023'],
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      noEmit: true,
    }
    await writeFile(join(project.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    await output([node, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: project.path })
  })

  test('what takes no modules gets the same in CommonJS', async () => {
    // By a path, as Node itself takes the modules.
    const script = `
const gradpool = require('./node_modules/gradpool/dist/index.cjs')
const predict = require('./node_modules/gradpool/dist/predict.cjs')
console.log(JSON.stringify([Object.keys(gradpool), Object.keys(predict)].map((names) => names.sort())))`
    await write(project.path, {
      'names.cjs': script,
      'names.mjs': `
import * as gradpool from 'gradpool'
import * as predict from 'gradpool/predict'
console.log(JSON.stringify([Object.keys(gradpool), Object.keys(predict)].map((names) => names.sort())))`,
    })
    const [commonjs, modules] = await Promise.all(
      ['names.cjs', 'names.mjs'].map((file) => output([node, file], { cwd: project.path })),
    )
    expect(commonjs).toBe(modules)
  })
})
