/**
 * What bundlers make of the packages: programs that train and predict, in folders of their own, far from any
 * `node_modules`; and what a browser or a worker at the edge has, which is neither Node nor files.
 */
import { adam, arrays, fit, loadModel, mlp } from 'gradpool'
import { build, type BuildOptions } from 'esbuild'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { createContext, runInContext, runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { build as viteBuild } from 'vite'
import { beforeAll, describe, expect, test } from 'vitest'
import { trainHere } from './bundles/train-here.js'
import { trained } from './bundles/train.js'
import { type Ended, emptyFolder, temporaryFolder } from './gradpool.js'

const { resolve } = createRequire(import.meta.url)
const programs = join(import.meta.dirname, 'bundles')

const forNode: BuildOptions = { bundle: true, platform: 'node', target: 'node20.19', logLevel: 'silent' }
/** What wrangler tells esbuild, too: no condition of Node. */
const forBrowsers: BuildOptions = { bundle: true, platform: 'browser', logLevel: 'silent', write: false }

async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles = [], metafile } = await build({ ...options, metafile: true })
  // Nothing is left to import.
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  return outputFiles[0]?.text ?? ''
}

const chromiumPath = '/usr/bin/chromium'

/** What an expression comes to in a page of Chromium that has one module of this folder. */
async function inChromium(folder: string, module: string, expression: string): Promise<unknown> {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' } as const
  await writeFile(join(folder, 'index.html'), `<!doctype html><script type="module" src="./${module}"></script>`)
  const server = createServer(({ url = '/' }, response) => {
    const [type] = Object.entries(types).flatMap(([end, its]) => (url.endsWith(end) ? [its] : []))
    void readFile(join(folder, url)).then(
      (bytes) => response.setHeader('content-type', type ?? 'text/plain').end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await page.goto(`http://127.0.0.1:${port ?? ''}/index.html`)
    return await page.evaluate(expression)
  } finally {
    await browser.close()
    server.close()
  }
}

/** A program in a process of its own, which is ended where it hangs. */
function runNode(cwd: string, args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const { PATH, HOME, TMPDIR } = process.env
    execFile(
      process.execPath,
      args,
      { cwd, env: { PATH, HOME, TMPDIR }, timeout: 60_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        done({ code, stdout, stderr })
      },
    )
  })
}

/** What lies beside a program that trains. */
async function copyFiles(folder: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) await copyFile(join(resolve('gradpool/worker'), '..', name), join(folder, name))
}

describe('for a browser', () => {
  test.each([
    '@gradpool/core',
    '@gradpool/core/engine',
    '@gradpool/models',
    '@gradpool/engine-cpu',
    'gradpool/predict',
  ])('%s imports nothing of Node, and uses no global of it unasked', async (name) => {
    const contents = `export * from '${name}'`
    const globals = ['process', 'Buffer', 'setImmediate', 'global', '__dirname', 'require']
    const text = await bundled({
      ...forBrowsers,
      stdin: { contents, resolveDir: import.meta.dirname },
      format: 'esm',
      // Only names that stand alone are replaced, no properties of `globalThis`.
      define: Object.fromEntries(globals.map((each) => [each, `NODE_GLOBAL_${each}`])),
    })
    expect(text.length).toBeGreaterThan(1000)
    expect([...new Set(text.match(/NODE_GLOBAL_\w+/g))]).toEqual([])
  })

  test('a network is trained there, to the bits of Node', async () => {
    const code = await bundled({
      ...forBrowsers,
      entryPoints: [join(programs, 'train-here.ts')],
      format: 'iife',
      globalName: 'program',
    })
    const kernels = await compiled('gradpool/kernels-unshared.wasm')
    const made: unknown = await runInContext(`${code}; program.trainHere(false, kernels)`, edge({ kernels }))
    const plain: unknown = JSON.parse(JSON.stringify(made))
    expect(plain).toEqual(await trainHere(true))
    expect(plain).toEqual(await trainHere(false))
  })

  test.runIf(existsSync(chromiumPath))('and in Chromium, with kernels that lie beside the bundle', async () => {
    const folder = await emptyFolder()
    const contents = `import { trainHere } from './train-here.js'; globalThis.trainHere = trainHere`
    const stdin = { contents, resolveDir: programs }
    await build({ ...forBrowsers, write: true, stdin, format: 'esm', outfile: join(folder, 'main.js') })
    await copyFiles(folder, 'kernels.wasm', 'kernels-unshared.wasm')
    const expected = await trainHere(true)
    const expression = 'Promise.all([trainHere(false), trainHere(true)])'
    expect(await inChromium(folder, 'main.js', expression)).toEqual([expected, expected])
  })
})

async function savedBytes(fitted: { save(path: string): Promise<unknown> }): Promise<Buffer> {
  const { path, remove } = await temporaryFolder()
  try {
    await fitted.save(join(path, 'it.gradpool'))
    return await readFile(join(path, 'it.gradpool'))
  } finally {
    await remove()
  }
}

/** As a place compiles it that has relaxed SIMD; Node 20 has it behind a flag. */
async function compiled(specifier: string): Promise<object> {
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  const bytes = await readFile(resolve(specifier))
  return runInNewContext('new WebAssembly.Module(bytes)', { bytes }) as object
}

/** A realm with what the web platform has, and with nothing of Node. */
function edge(more: object): ReturnType<typeof createContext> {
  const web = { TextDecoder, TextEncoder, URL, performance, setTimeout, MessageChannel, ReadableStream, Response }
  return createContext({ ...web, ...more }, { codeGeneration: { strings: false, wasm: false } })
}

describe('gradpool/predict', () => {
  let model: Buffer
  let expected: (numRows: number) => Promise<number[]>
  const image = (numRows: number) => Float32Array.from({ length: 4 * numRows }, (_, i) => Math.cos(i))

  beforeAll(async () => {
    const rows = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i))
    const label = Uint8Array.from({ length: 100 }, (_, row) => Number((rows[4 * row] ?? 0) > 0))
    const data = { image: { values: rows, shape: [4] }, label: { values: label, shape: [] } }
    const fitted = await fit(mlp({ hidden: [8] }), { data: arrays(data), epochs: 1, optimizer: adam(0.01) })
    model = await savedBytes(fitted)
    const loaded = await loadModel(model)
    expected = async (numRows) => {
      const { logits = [] } = await loaded.predict({ image: image(numRows) })
      expect(logits).toHaveLength(2 * numRows)
      return Array.from(logits)
    }
  })

  test('has at most 200 KB, with its kernels', async () => {
    const text = await bundled({
      ...forBrowsers,
      entryPoints: [join(programs, 'handler.ts')],
      format: 'esm',
      minify: true,
    })
    const kernels = await readFile(resolve('gradpool/kernels-unshared.wasm'))
    const sizes = { code: gzipSync(text).length, kernels: gzipSync(kernels).length }
    console.log(`gradpool/predict, gzip: ${sizes.code} bytes of code, ${sizes.kernels} of kernels`)
    expect(sizes.code + sizes.kernels).toBeLessThan(200_000)
  })

  test.each(['esm', 'cjs'] as const)('runs from one file in a fresh folder, as in a Lambda: %s', async (format) => {
    const folder = await emptyFolder()
    const file = join(folder, format === 'esm' ? 'main.mjs' : 'main.cjs')
    await build({ ...forNode, entryPoints: [join(programs, 'predict.ts')], format, outfile: file })
    await copyFiles(folder, 'kernels-unshared.wasm')
    await writeFile(join(folder, 'it.gradpool'), model)
    for (const numRows of [1, 3, 200, 700]) {
      const { code, stdout, stderr } = await runNode(folder, [file, 'it.gradpool', String(numRows)])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { logits } = JSON.parse(stdout) as { readonly logits: readonly number[] }
      expect(logits).toEqual(await expected(numRows))
    }
  })

  test('takes memory of about the size of the model', async () => {
    const folder = await emptyFolder()
    const file = join(folder, 'main.mjs')
    await build({ ...forNode, entryPoints: [join(programs, 'predict.ts')], format: 'esm', outfile: file })
    await copyFiles(folder, 'kernels-unshared.wasm')
    const sizes: { readonly modelBytes: number; readonly heldBytes: number; readonly mostBytes?: number }[] = []
    for (const width of [8, 3000]) {
      const rows = { values: new Float32Array(40), shape: [4] }
      const label = { values: Uint8Array.from({ length: 10 }, (_, row) => row % 2), shape: [] }
      const data = arrays({ image: rows, label })
      await using fitted = await fit(mlp({ hidden: [width, width] }), { data, epochs: 1 })
      const bytes = await savedBytes(fitted)
      await writeFile(join(folder, 'it.gradpool'), bytes)
      const { stdout } = await runNode(folder, ['--expose-gc', file, 'it.gradpool'])
      const told = JSON.parse(stdout) as { readonly heldBytes: number; readonly mostBytes?: number }
      sizes.push({ modelBytes: bytes.length, ...told })
    }
    const [small, large] = sizes
    if (!small || !large) throw new Error('two models were measured')
    const more = large.modelBytes - small.modelBytes
    const held = (large.heldBytes - small.heldBytes) / more
    const most = ((large.mostBytes ?? 0) - (small.mostBytes ?? 0)) / more
    console.log(`gradpool/predict: ${held.toFixed(2)} bytes for a byte of the model, ${most.toFixed(2)} while it loads`)
    expect(more).toBeGreaterThan(30e6)
    expect(held).toBeLessThan(1.1)
    // The file, and the weights.
    expect(most).toBeLessThan(2.2)
  })

  test('runs without files, eval and compilation, as at the edge', async () => {
    const code = await bundled({
      ...forBrowsers,
      entryPoints: [join(programs, 'handler.ts')],
      conditions: ['workerd', 'worker', 'browser'],
      format: 'iife',
      globalName: 'program',
    })
    const kernels = await compiled('gradpool/kernels-unshared.wasm')
    const rows = Array.from(image(300))
    const context = edge({ kernels, model: Uint8Array.from(model), rows })
    expect(() => void runInContext('new Function("return 1")', context)).toThrow('Code generation from strings')
    const made: unknown = await runInContext(`${code}; program.handle(model, kernels, rows)`, context)
    expect(Array.from(made as ArrayLike<number>)).toEqual(await expected(300))
    const shared = await compiled('gradpool/kernels.wasm')
    const wrong = edge({ kernels: shared, model: Uint8Array.from(model), rows })
    await expect(runInContext(`${code}; program.handle(model, kernels, rows)`, wrong)).rejects.toThrow(
      'the kernels of the wasm engine do not run here',
    )
  })

  test('says which file it looked for', async () => {
    const folder = await emptyFolder()
    const file = join(folder, 'main.cjs')
    await build({ ...forNode, entryPoints: [join(programs, 'predict.ts')], format: 'cjs', outfile: file })
    await writeFile(join(folder, 'it.gradpool'), model)
    const { code, stderr } = await runNode(folder, [file, 'it.gradpool'])
    expect(code).toBe(2)
    expect(stderr).toContain(`this bundle lacks a file: '${join(folder, 'kernels-unshared.wasm')}' is not there`)
  })
})

describe('a program that trains on two threads', () => {
  const files = ['gradpool-worker.js', 'kernels.wasm', 'kernels-emulated.wasm']
  let plain: string

  beforeAll(async () => {
    plain = `${JSON.stringify(await trained())}\n`
  })

  const ways: Readonly<Record<string, (folder: string) => Promise<string>>> = {
    async 'esbuild, modules'(folder) {
      const file = join(folder, 'main.mjs')
      await build({ ...forNode, entryPoints: [join(programs, 'fit.ts')], format: 'esm', outfile: file })
      return file
    },
    async 'esbuild, CommonJS'(folder) {
      const file = join(folder, 'main.cjs')
      await build({ ...forNode, entryPoints: [join(programs, 'fit.ts')], format: 'cjs', minify: true, outfile: file })
      return file
    },
    async 'Vite, all packages in it'(folder) {
      await viteBuild({
        configFile: false,
        logLevel: 'silent',
        root: programs,
        build: { ssr: join(programs, 'fit.ts'), outDir: folder, emptyOutDir: false, target: 'node20' },
        ssr: { noExternal: true },
      })
      await rename(join(folder, 'fit.js'), join(folder, 'main.mjs')).catch(() => undefined)
      return join(folder, 'main.mjs')
    },
  }

  test.each(Object.entries(ways))('gives the weights of the program as it is: %s', async (_, make) => {
    const folder = await emptyFolder()
    const file = await make(folder)
    await copyFiles(folder, ...files)
    expect(await runNode(folder, [file])).toEqual({ code: 0, stdout: plain, stderr: '' })
  })

  test('says which files it looked for', async () => {
    const folder = await emptyFolder()
    const file = await ways['esbuild, modules']?.(folder)
    await copyFiles(folder, 'kernels.wasm')
    const { code, stderr } = await runNode(folder, [file ?? ''])
    expect(code).toBe(2)
    expect(stderr).toContain(
      `'${join(folder, 'step-chunk.js')}' and '${join(folder, 'gradpool-worker.js')}' are not there`,
    )
  })

  test('ends with a sentence where its own bundle, or that of another library, has the name of the worker', async () => {
    const folder = await emptyFolder()
    const file = await ways['esbuild, modules']?.(folder)
    await copyFiles(folder, 'kernels.wasm', 'kernels-emulated.wasm')
    // Piscina's own worker, as another library's bundle has it, and the program itself.
    await copyFile(join(resolve('piscina'), '..', 'worker.js'), join(folder, 'pool-worker.js'))
    await rename(file ?? '', join(folder, 'gradpool-worker.js'))
    const { code, stderr } = await runNode(folder, [join(folder, 'gradpool-worker.js')])
    expect(code).toBe(2)
    expect(stderr).toContain('or no such file of Gradpool')
  })

  test('ends with a sentence where it is one file with its worker', async () => {
    const folder = await emptyFolder()
    const file = join(folder, 'gradpool-worker.js')
    const contents = `export * from 'gradpool/worker'; import ${JSON.stringify(join(programs, 'fit.ts'))}`
    await build({ ...forNode, stdin: { contents, resolveDir: import.meta.dirname }, format: 'esm', outfile: file })
    await mkdir(join(folder, 'node_modules'))
    await copyFiles(folder, 'kernels.wasm', 'kernels-emulated.wasm')
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    const { stderr } = await runNode(folder, [file])
    expect(stderr).toContain('this program was started as its own worker thread')
  })
})
