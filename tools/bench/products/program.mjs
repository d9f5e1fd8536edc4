/** The program that times products and the peak of a core's multiply-add, compiled for an instruction set. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findCompiler } from '../../../packages/engine-cpu/native/compiler.mjs'
import { instructionSetsOf } from '../../../packages/engine-cpu/native/instruction-sets.mjs'
import { installCommand, MissingRequirement } from '../../missing.mjs'
import { execute } from '../../python-environment.mjs'

const kernels = fileURLToPath(new URL('../../../packages/engine-cpu/kernels/', import.meta.url))
const FLAGS = ['-std=gnu11', '-O3', '-ffp-contract=off', '-fno-math-errno', '-fno-strict-aliasing', '-Wno-psabi']

/**
 * Compiles the program, and returns its path.
 *
 * @param folder directory to write it to
 * @param instructionSet name of an instruction set of this processor
 * @throws MissingRequirement without a C compiler
 */
export function compiled(folder, instructionSet) {
  const set = instructionSetsOf(process.arch).find(({ name }) => name === instructionSet)
  if (set === undefined) throw new Error(`There are no native kernels for '${instructionSet}'.`)
  const compiler = findCompiler()
  if (compiler === undefined) {
    throw new MissingRequirement(`No C compiler was found. Install one: ${installCommand('compiler')}`)
  }
  const names = readdirSync(kernels).filter((name) => name.endsWith('.c'))
  const paths = [...names.map((name) => join(kernels, name)), fileURLToPath(new URL('products.c', import.meta.url))]
  const unit = join(folder, 'unit.c')
  writeFileSync(unit, paths.map((path) => `#include "${path}"\n`).join(''))
  const program = join(folder, 'products')
  execute(compiler.command, [...FLAGS, ...set.flags, `-I${kernels}`, unit, '-o', program, '-lm', '-ldl'])
  return program
}

/** What measures the peak of the multiply-add of an instruction set, in GFLOP/s: the best of some short turns. */
export function peakMeter(folder, instructionSet) {
  const program = compiled(folder, instructionSet)
  return () => {
    const [, , , , peak] = execute(program, ['30'], { env: { ...process.env, SHAPE: '32 32 32 0' } }).split(' ')
    return Number(peak)
  }
}
