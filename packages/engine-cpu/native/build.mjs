/**
 * Compiles the kernels to dist/native/<instruction set>.node, with the system's C compiler.
 *
 * Never fails: where there is no compiler, or one that cannot, one line says so and the wasm engine
 * serves.
 */
import { spawn } from 'node:child_process'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { include_dir as nodeHeaders } from 'node-api-headers'
import { findCompiler } from './compiler.mjs'
import { instructionSets } from './instruction-sets.mjs'

const kernels = new URL('../kernels/', import.meta.url)
const output = new URL('../dist/native/', import.meta.url)

const FLAGS = [
  '-std=gnu11',
  '-O3',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-strict-aliasing',
  '-fvisibility=hidden',
  '-fPIC',
  '-shared',
  '-Wall',
  '-Wextra',
  '-Wno-psabi',
  '-DNAPI_VERSION=8',
  ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
]

const started = performance.now()
const compiler = findCompiler()
// Whatever happens below, nothing that was compiled from other kernels stays.
await rm(output, { recursive: true, force: true })
if (process.platform === 'win32' || compiler === undefined) {
  skip('there is no C compiler (cc, clang or gcc) on this machine')
}
await mkdir(output, { recursive: true })
// One translation unit: the compiler sees all of the kernels.
const sources = (await readdir(kernels)).filter((name) => name.endsWith('.c')).sort()
const unit = new URL(`unit.${process.pid}.c`, output)
const parts = [...sources.map((name) => new URL(name, kernels)), new URL('addon.c', import.meta.url)]
await writeFile(unit, parts.map((url) => `#include "${fileURLToPath(url)}"\n`).join(''))
const outcomes = await Promise.all(instructionSets.map(compile))
await rm(unit)
const failed = outcomes.find(({ error }) => error !== undefined)
if (failed !== undefined) {
  await rm(output, { recursive: true, force: true })
  skip(`${compiler.command} cannot compile them: ${failed.error}`)
}
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`native kernels: ${instructionSets.map(({ name }) => name).join(', ')}, ${seconds} s`)

async function compile({ name, flags }) {
  const file = fileURLToPath(new URL(`${name}.node`, output))
  const temporary = `${file}.${process.pid}.tmp`
  const includes = [`-I${nodeHeaders}`, `-I${fileURLToPath(kernels)}`]
  const args = [...FLAGS, ...flags, ...includes, fileURLToPath(unit), '-o', temporary, '-lm']
  const error = await new Promise((resolve) => {
    const child = spawn(compiler.command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    child.on('error', ({ message }) => resolve(message))
    child.on('close', (code) => {
      const first = text.split('\n').find((line) => line.includes('error')) ?? text.split('\n', 1)[0]
      resolve(code === 0 ? undefined : first || `exit code ${code}`)
    })
  })
  if (error === undefined) await rename(temporary, file)
  return { error }
}

function skip(reason) {
  console.log(`native kernels: skipped, ${reason}; the wasm engine serves`)
  process.exit(0)
}
