/**
 * Compiles the kernels for this machine to dist/native/<instruction set>.node, with the system's C compiler. The set-up
 * of this repository runs it, and `gradpool setup native` where there is no package of native code for a platform.
 *
 * Where there is no compiler, or one that cannot, one line says so and the wasm engine serves. That is no failure, but
 * with `--strict`.
 */
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compileAddons } from './compile.mjs'
import { findCompiler } from './compiler.mjs'
import { placeHeaders } from './headers.mjs'
import { instructionSetsOf } from './instruction-sets.mjs'

const output = fileURLToPath(new URL('../dist/native/', import.meta.url))

const started = performance.now()
const compiler = findCompiler()
if (process.platform === 'win32' || compiler === undefined) {
  await rm(output, { recursive: true, force: true })
  skip('there is no C compiler (cc, clang or gcc) on this machine')
}
await placeHeaders()
const sets = instructionSetsOf(process.arch)
const reason = await compileAddons({
  output,
  sets,
  platform: process.platform,
  compiler: [compiler.command],
  flagsOf: ({ flags }) => flags,
})
if (reason !== undefined) skip(`${compiler.command} cannot compile them: ${reason}`)
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`native kernels: ${sets.map(({ name }) => name).join(', ')}, ${seconds} s`)

function skip(why) {
  console.log(`native kernels: skipped, ${why}; the wasm engine serves`)
  process.exit(process.argv.includes('--strict') ? 1 : 0)
}
