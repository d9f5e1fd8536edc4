/** Programs as one executable file (Node's SEA), in a folder with nothing else. */
import { arrays, fit, mlp } from 'gradpool'
import { build } from 'esbuild'
import { chmod, copyFile, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createProject, install, type Project, write } from './project.js'
import { node, output, run } from './run.js'
import { expectTrained, trainingFiles } from './training.js'

const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

// As docs/bundling.md has it.
const training = `
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getAsset } from 'node:sea'
import { pathToFileURL } from 'node:url'
import { locateFiles } from 'gradpool'
import { trained } from './training.mjs'

const folder = mkdtempSync(join(tmpdir(), 'program-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const worker = join(folder, 'gradpool-worker.mjs')
writeFileSync(worker, new Uint8Array(getAsset('gradpool-worker.js')))
locateFiles({
  'gradpool-worker.js': pathToFileURL(worker),
  'kernels.wasm': new Uint8Array(getAsset('kernels.wasm')),
  'kernels-emulated.wasm': new Uint8Array(getAsset('kernels-emulated.wasm')),
})
trained().then((result) => console.log(JSON.stringify(result)))
`

const predicting = `
import { getAsset } from 'node:sea'
import { loadModel, locateFiles } from 'gradpool/predict'

locateFiles({ 'kernels-unshared.wasm': new Uint8Array(getAsset('kernels-unshared.wasm')) })
loadModel(new Uint8Array(getAsset('model')))
  .then((model) => model.predict({ image: [0.1, 0.2, 0.3, 0.4] }))
  .then(({ logits }) => console.log(JSON.stringify([...logits])))
`

let project: Project
beforeAll(async () => {
  const dependencies = { gradpool: inject('packages').find(({ name }) => name === 'gradpool')?.version ?? '' }
  project = await createProject({ dependencies, devDependencies: { postject: '1.0.0-alpha.6' } })
  await install(project, { url: inject('registry'), stop: () => Promise.resolve() })
  await write(project.path, { ...trainingFiles, 'fit.mjs': training, 'predict.mjs': predicting })
})
afterAll(() => project.remove())

/** One file that is the program and Node, in a folder of its own. */
async function executable(entry: string, assets: Readonly<Record<string, string>>): Promise<string> {
  const { path } = project
  const folder = join(path, 'alone', entry)
  const file = join(folder, process.platform === 'win32' ? 'program.exe' : 'program')
  await mkdir(folder, { recursive: true })
  const outfile = join(path, `${entry}.cjs`)
  await build({ entryPoints: [join(path, `${entry}.mjs`)], outfile, bundle: true, platform: 'node', logLevel: 'error' })
  const config = { main: `${entry}.cjs`, output: `${entry}.blob`, disableExperimentalSEAWarning: true, assets }
  await write(path, { [`${entry}.json`]: JSON.stringify(config) })
  await output([node, '--experimental-sea-config', `${entry}.json`], { cwd: path })
  await copyFile(await realpath(node), file)
  await chmod(file, 0o755)
  const inject = ['node_modules/postject/dist/cli.js', file, 'NODE_SEA_BLOB', `${entry}.blob`, '--sentinel-fuse', fuse]
  await output([node, ...inject], { cwd: path })
  return file
}

const dist = (name: string) => [name, join('node_modules/gradpool/dist', name)] as const

// macOS runs no program whose signature is not renewed.
test.skipIf(process.platform === 'darwin')('a single executable trains on two threads', async () => {
  const files = ['gradpool-worker.js', 'kernels.wasm', 'kernels-emulated.wasm']
  const file = await executable('fit', Object.fromEntries(files.map(dist)))
  const { code, stdout, stderr } = await run([file], { cwd: join(file, '..') })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await expectTrained(stdout)
})

test.skipIf(process.platform === 'darwin')('a single executable predicts from a model in it', async () => {
  const x = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i))
  const label = Uint8Array.from({ length: 100 }, (_, row) => row % 2)
  const data = arrays({ image: { values: x, shape: [4] }, label: { values: label, shape: [] } })
  await using fitted = await fit(mlp({ hidden: [8] }), { data, epochs: 1 })
  await fitted.save(join(project.path, 'it.gradpool'))
  const assets = Object.fromEntries([dist('kernels-unshared.wasm'), ['model', 'it.gradpool']])
  const file = await executable('predict', assets)
  const { logits } = await fitted.predict({ image: [0.1, 0.2, 0.3, 0.4] })
  const { code, stdout, stderr } = await run([file], { cwd: join(file, '..') })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual(Array.from(logits))
})
