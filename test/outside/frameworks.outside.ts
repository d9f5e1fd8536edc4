/**
 * Bundlers, frameworks, test runners and other runtimes: the same training in each, with the weights of this
 * repository.
 */
import { copyFile, cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { orSkip } from './fetched.js'
import { createProject, executable, install, type Project, type ProjectOptions, write } from './project.js'
import { node, npm, output, run } from './run.js'
import { samples } from './samples.js'
import { expectTrained, trainedHash, trainingFiles } from './training.js'

const registry = { url: inject('registry'), stop: () => Promise.resolve() }
const gradpool = Object.fromEntries(
  inject('packages').flatMap(({ name, version }) => (name === 'gradpool' ? [[name, version]] : [])),
)

const projects: Project[] = []

async function installed(options: Partial<ProjectOptions>, files: Readonly<Record<string, string>>): Promise<string> {
  const { dependencies = {}, ...others } = options
  const project = await createProject({ dependencies: { ...gradpool, ...dependencies }, ...others })
  projects.push(project)
  await write(project.path, { ...trainingFiles, ...files })
  await install(project, registry)
  return project.path
}

afterEach(async () => {
  for (const { remove } of projects.splice(0)) await remove()
})

/** The files that threads load, beside a bundle. */
async function copyThreadFiles(path: string, folder: string): Promise<void> {
  await mkdir(join(path, folder), { recursive: true })
  for (const name of ['gradpool-worker.js', 'kernels.wasm', 'kernels-emulated.wasm']) {
    await copyFile(join(path, 'node_modules/gradpool/dist', name), join(path, folder, name))
  }
}

/** Run where nothing is installed. */
async function expectAlone(path: string, folder: string, file: string): Promise<void> {
  const alone = await createProject({ dependencies: {} })
  projects.push(alone)
  await cp(join(path, folder), alone.path, { recursive: true })
  await expectTrained(await output([node, file], { cwd: alone.path }))
}

describe('bundlers', () => {
  test.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ])('esbuild, %s', async (format, ending) => {
    const path = await installed({ devDependencies: { esbuild: '^0.28.0' } }, {})
    const options = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=out/main.${ending}`]
    // Its script puts the program itself in the place of a script of Node's.
    await output(npm('exec', '--', 'esbuild', 'main.mjs', ...options), { cwd: path })
    await copyThreadFiles(path, 'out')
    await expectAlone(path, 'out', `main.${ending}`)
  })

  test('Vite, for a server, all packages in it', async () => {
    const config = `export default { build: { ssr: 'main.mjs', outDir: 'out', target: 'node20' }, ssr: { noExternal: true } }\n`
    const path = await installed({ devDependencies: { vite: '^7.3.0' } }, { 'vite.config.mjs': config })
    await output([node, 'node_modules/vite/bin/vite.js', 'build'], { cwd: path })
    await copyThreadFiles(path, 'out')
    await expectAlone(path, 'out', (await readdir(join(path, 'out'))).find((name) => /^main\.m?js$/.test(name)) ?? '')
  })

  test('webpack, for Node, which copies the files of threads by itself', async () => {
    const config = `module.exports = { mode: 'production', target: 'node20', entry: './main.mjs',
      output: { path: __dirname + '/out', filename: 'main.cjs' }, node: false }\n`
    const devDependencies = { webpack: '^5.100.0', 'webpack-cli': '^6.0.0' }
    const path = await installed({ devDependencies }, { 'webpack.config.cjs': config })
    await output([node, 'node_modules/webpack/bin/webpack.js', '--config', 'webpack.config.cjs'], { cwd: path })
    await expectAlone(path, 'out', 'main.cjs')
  })
})

describe('frameworks', () => {
  test('Next builds a page that trains', async () => {
    const page = `import { trained } from '../training.mjs'
export default async function Page() {
  return <p>{JSON.stringify(await trained())}</p>
}\n`
    const layout = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>
}\n`
    const files = {
      'app/page.jsx': page,
      'app/layout.jsx': layout,
      'next.config.mjs': `export default { serverExternalPackages: ['gradpool'] }\n`,
    }
    const dependencies = { next: '16.4.6', react: '^19.0.0', 'react-dom': '^19.0.0' }
    const path = await installed({ dependencies }, files)
    await output([node, 'node_modules/next/dist/bin/next', 'build'], {
      cwd: path,
      env: { NEXT_TELEMETRY_DISABLED: '1' },
    })
    expect(await readFile(join(path, '.next/server/app/index.html'), 'utf8')).toContain(await trainedHash())
  })

  test.each([
    ['commonjs', { module: 'commonjs', moduleResolution: 'node10' }, '~5.9.0'],
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }, '~5.9.0'],
  ])('Nest, in CommonJS: %s', async (_, moduleOptions, typescript) => {
    const source = `import 'reflect-metadata'
import { Controller, Get, Injectable, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { adam, arrays, fit, type Fitted, mlp } from 'gradpool'

@Injectable()
class Trainer {
  async train(): Promise<{ hash: string; accuracy: number }> {
    const image = Float32Array.from({ length: 2400 }, (_, i) => Math.sin(i * i))
    const label = Uint8Array.from({ length: 600 }, (_, row) => Number((image[4 * row] ?? 0) > 0))
    const data = arrays({ image: { values: image, shape: [4] }, label: { values: label, shape: [] } }, { test: 0.2 })
    const options = { optimizer: adam(0.01), batchSize: 32, microBatches: 4, epochs: 3, workers: 2 }
    const fitted = await fit(mlp({ hidden: [16] }), { data, ...options })
    const { accuracy } = await fitted.evaluate()
    return { hash: fitted.weightsHash, accuracy }
  }
}

@Controller()
class Answers {
  constructor(private readonly trainer: Trainer) {}
  @Get()
  answer() {
    return this.trainer.train()
  }
}

@Module({ controllers: [Answers], providers: [Trainer] })
class App {}

async function main() {
  const app = await NestFactory.create(App, { logger: ['error'] })
  await app.listen(0, '127.0.0.1')
  const answer = await fetch(await app.getUrl())
  console.log(await answer.text())
  await app.close()
}
main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
`
    const compilerOptions = {
      ...moduleOptions,
      target: 'es2022',
      strict: true,
      skipLibCheck: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      outDir: 'out',
    }
    const nest = Object.fromEntries(
      ['common', 'core', 'platform-express'].map((name) => [`@nestjs/${name}`, '^11.0.0']),
    )
    const path = await installed(
      {
        type: 'commonjs',
        dependencies: { ...nest, 'reflect-metadata': '^0.2.2', rxjs: '^7.8.1' },
        devDependencies: { typescript, '@types/node': '^20.19.0' },
      },
      { 'src/main.ts': source, 'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }) },
    )
    await output([node, 'node_modules/typescript/bin/tsc', '-p', '.'], { cwd: path })
    await expectTrained(await output([node, '--no-warnings', 'out/main.js'], { cwd: path }))
  })
})

describe('test runners', () => {
  const files = (begin: string) => ({
    'training.test.js': `${begin}
test('trains', async () => {
  const result = await trained()
  console.log('RESULT ' + JSON.stringify(result) + ' END')
  expect(result.accuracy).toBeGreaterThan(0.5)
}, 60000)
test('says what is wrong in one sentence', async () => {
  await expect(fit({}, {})).rejects.toThrow(UserError)
})
`,
  })
  const expectRan = async ({ stdout, stderr }: { stdout: string; stderr: string }) => {
    const [, printed = stderr] = /RESULT (.*) END/.exec(`${stdout}${stderr}`) ?? []
    await expectTrained(printed)
  }

  test('Jest, as it comes', async () => {
    const begin = `const { trained } = require('./training.cjs')\nconst { fit, UserError } = require('gradpool')`
    const path = await installed({ type: 'commonjs', devDependencies: { jest: '^30.0.0' } }, files(begin))
    const ended = await run([node, 'node_modules/jest/bin/jest.js'], { cwd: path })
    expect(ended).toMatchObject({ code: 0 })
    await expectRan(ended)
    expect(ended.stderr).not.toMatch(/did not exit|open handles|worker process has failed/)
  })

  test('Vitest', async () => {
    const begin = `import { expect, test } from 'vitest'\nimport { fit, UserError } from 'gradpool'\nimport { trained } from './training.mjs'`
    const path = await installed({ devDependencies: { vitest: '^4.1.0' } }, files(begin))
    const ended = await run([node, 'node_modules/vitest/vitest.mjs', 'run'], { cwd: path })
    expect(ended).toMatchObject({ code: 0 })
    await expectRan(ended)
  })
})

const runtimes = [
  ['deno', ['run', '--allow-all', '--node-modules-dir=manual']],
  ['bun', ['--bun', 'run']],
] as const

describe('other runtimes train, or refuse in one sentence', () => {
  test.for(runtimes)('%s', async ([name, options], context) => {
    const program = await orSkip(executable(name), context)
    const path = await installed({}, {})
    const { code, stdout, stderr } = await run([program, ...options, 'train.mjs'], { cwd: path, timeoutMs: 60_000 })
    if (code === 0) await expectTrained(stdout)
    else expect(stderr).toMatch(/UserError: [^\n]*(Deno|Bun)/)
  })
})

describe('the suite of engines, as its README has it, by Vitest', () => {
  test.for([['node', []], ...runtimes] as const)('on %s', async ([name, options], context) => {
    const program = name === 'node' ? node : await orSkip(executable(name), context)
    const sample = samples().find(({ name: place }) => place.startsWith('packages/engine-contract/'))
    const path = await installed(
      { dependencies: { '@gradpool/engine-contract': '*', '@gradpool/engine-cpu': '*' } },
      {
        'my-engine.test.js': sample?.javascript ?? '',
        // Vitest starts processes of its own.
        'runtime.test.js': `import { expect, test } from 'vitest'
test('is the one that was started', () => expect(process.versions).toHaveProperty('${name}'))`,
      },
    )
    const command = [program, ...options, 'node_modules/vitest/vitest.mjs', 'run', '--reporter=json']
    const { code, stdout, stderr } = await run(command, { cwd: path })
    expect(code, `${stdout}${stderr}`.slice(-2000)).toBe(0)
    const { numPassedTests } = JSON.parse(stdout) as { readonly numPassedTests: number }
    context.task.meta.found = `${numPassedTests} tests`
    expect(numPassedTests).toBeGreaterThan(300)
  })
})

describe('two copies of core', () => {
  test('that meet say so, and where they are', async () => {
    const path = await installed({ dependencies: { '@gradpool/core': '*' } }, {})
    await mkdir(join(path, 'vendor/node_modules/@gradpool'), { recursive: true })
    await output(['cp', '-r', 'node_modules/@gradpool/core', 'vendor/node_modules/@gradpool/core'], { cwd: path })
    await write(path, {
      'vendor/op.mjs': `import { mul } from '@gradpool/core'\nexport const twice = (x) => mul(x, 2)\n`,
      'meet.mjs': `import { arrays, defineModel, dense, fit, meanSquaredError } from 'gradpool'
import { twice } from './vendor/op.mjs'
const model = defineModel({
  params: { output: dense(1, 1) },
  step: ({ output }, { x }) => ({ loss: meanSquaredError(output(twice(x)), x) }),
})
const data = arrays({ x: { values: new Float32Array(10), shape: [1] } })
await fit(model, { data, epochs: 1 })
`,
    })
    const { code, stderr } = await run([node, 'meet.mjs'], { cwd: path })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/two copies of @gradpool\/core.*npm ls @gradpool\/core/)
    expect(stderr).toContain('vendor/node_modules/@gradpool/core')
  })

  test('are not installed by what depends on it', async () => {
    const path = await installed({ dependencies: { '@gradpool/core': '*', '@gradpool/hashing': '*' } }, {})
    const listed = await output(npm('ls', '@gradpool/core', '--all', '--parseable'), { cwd: path })
    expect(listed.trim().split('\n')).toHaveLength(1)
  })
})
