// Each guide of docs/contributing has a patch with what it tells of. In a copy of the repository, it applies, and its
// tests pass: in `npm test` those of the shortest, of the others in `npm run test:faults -- guides`.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../environment.mjs'
import { copyRepository, linkDependencies } from './copy.mjs'

const guides = join(root, 'docs', 'contributing')
const patches = readdirSync(guides).filter((name) => name.endsWith('.patch'))
const tried = process.env.GRADPOOL_LONG_TESTS === undefined ? ['adding-a-layer.patch'] : patches
const minutes = 60_000

const trainedByName = `
import { fit, mlp } from 'gradpool'
const x = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * i))
const label = Uint8Array.from({ length: 20 }, (_, row) => Number(x[2 * row] > 0))
const data = { image: { values: x, shape: [2] }, label: { values: label, shape: [] } }
const [ours, theirs] = await Promise.all(['@gradpool/engine-evaluator', 'wasm'].map((engine) =>
  fit(mlp({ hidden: [4] }), { data, epochs: 2, engine })))
console.log(Math.abs(ours.history[1].loss - theirs.history[1].loss) < 1e-5 ? 'the same loss' : 'another loss')
`

/** What is run in the copy, in order: of each, its arguments and what it prints. */
const steps = {
  'adding-an-op.patch': [
    vitest('packages/core', 'src/ops/ops.test.ts', '-t', 'softsign'),
    [['packages/engine-cpu/kernels/build.mjs']],
    [['tools/bundle.mjs', 'core', 'engine-contract', 'engine-cpu']],
    vitest('packages/engine-cpu', 'src/instructions.test.ts'),
    vitest('packages/engine-cpu', 'src/contract.test.ts', '-t', 'softsign'),
  ],
  'adding-a-layer.patch': [vitest('packages/models', 'src/layers/prelu.test.ts')],
  'adding-a-source.patch': [vitest('packages/datasets', 'src/own/libsvm.test.ts')],
  'adding-an-engine.patch': [
    [['tools/bundle.mjs', 'engine-evaluator']],
    vitest('packages/engine-evaluator', 'src/contract.test.ts'),
    [['trained-by-name.mjs'], 'the same loss'],
  ],
}

function vitest(folder, ...args) {
  return [['node_modules/vitest/vitest.mjs', 'run', '--root', folder, ...args], / passed/]
}

test('every guide has a patch, and every patch a guide and a test', () => {
  const pages = readdirSync(guides).filter((name) => name.endsWith('.md'))
  expect(patches).toEqual(pages.map((name) => name.replace(/\.md$/, '.patch')))
  expect(patches.toSorted()).toEqual(Object.keys(steps).toSorted())
  for (const name of patches) {
    const page = readFileSync(join(guides, name.replace(/\.patch$/, '.md')), 'utf8')
    for (const [, path] of readFileSync(join(guides, name), 'utf8').matchAll(/^\+\+\+ b\/(.*)$/gm)) {
      expect(page, `${name} changes ${path}, of which its page does not tell`).toContain(path.replace(/^.*\//, ''))
    }
  }
})

test.each(patches)('%s applies', async (name) => {
  await run('git', ['apply', '--check', join(guides, name)], root)
})

test.each(tried)('%s applies to a copy, and its tests pass', { timeout: 10 * minutes }, async (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-patch-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }), minutes)
  copyRepository(folder)
  await run('git', ['apply', join(guides, name)], folder)
  linkDependencies(folder)
  writeFileSync(join(folder, 'trained-by-name.mjs'), trainedByName)
  for (const [args, printed = ''] of steps[name]) {
    expect(await run(process.execPath, args, folder), args.join(' ')).toMatch(printed)
  }
})

async function run(command, args, cwd) {
  // As from a terminal, and not from a test.
  const env = { ...process.env, NO_COLOR: '1' }
  delete env.NODE_OPTIONS
  delete env.VITEST
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env })
    return stdout
  } catch (error) {
    const output = `${error.stdout}${error.stderr}`.trim().split('\n').slice(-40).join('\n')
    throw new Error(`${args.join(' ')} failed:\n${output}`)
  }
}
