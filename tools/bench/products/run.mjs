/**
 * `npm run bench:products`: products of matrices by the native kernels on one core, in GFLOP/s, beside the peak of the
 * core's multiply-add and the sgemm of OpenBLAS and MKL in the same run.
 *
 *     npm run bench:products -- [--instruction-set NAME] [--rounds N] [--shape "m n k flags"] [--without-peers]
 *
 * Figures are the best of many short interleaved rounds; `spread` is half the distance between the quartiles. A library
 * that cannot be had is named and left out.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { instructionSetsOf } from '../../../packages/engine-cpu/native/instruction-sets.mjs'
import { exitIfMissing } from '../../missing.mjs'
import { execute } from '../../python-environment.mjs'
import { installPackages, pythonPath } from '../peers/install.mjs'
import { compiled } from './program.mjs'

const FORMS = ['', 'a transposed', 'b transposed', 'both transposed']

const { values: options } = parseArgs({
  options: {
    'instruction-set': { type: 'string', default: nativeInstructionSets()[0] ?? 'portable' },
    rounds: { type: 'string', default: '100' },
    shape: { type: 'string' },
    'without-peers': { type: 'boolean', default: false },
  },
})

const known = instructionSetsOf(process.arch).map(({ name }) => name)
if (!known.includes(options['instruction-set'])) {
  console.error(`error: Unknown instruction set '${options['instruction-set']}'. Known: ${known.join(', ')}`)
  process.exit(2)
}
const libraries = options['without-peers'] ? [] : [openBlas(), mkl()].filter((library) => library !== undefined)
const folder = mkdtempSync(join(tmpdir(), 'gradpool-products-'))
try {
  const lines = execute(
    await exitIfMissing(() => compiled(folder, options['instruction-set'])),
    [options.rounds, ...libraries.flatMap(({ words }) => words)],
    {
      env: environment(),
    },
  )
  console.table(Object.assign({}, ...lines.trimEnd().split('\n').map(row)))
} finally {
  rmSync(folder, { recursive: true })
}

/** One thread each, and OpenBLAS as it is where nobody has set it up. */
function environment() {
  const result = {
    ...process.env,
    OPENBLAS_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
    MKL_THREADING_LAYER: 'SEQUENTIAL',
    MKL_INTERFACE_LAYER: 'LP64',
    ...(options.shape && { SHAPE: options.shape }),
  }
  delete result.OPENBLAS_CORETYPE
  delete result.OPENBLAS_L2_SIZE
  return result
}

function openBlas() {
  return library('OpenBLAS', 'scipy-openblas64', () => {
    const script = 'import scipy_openblas64 as o; print(o.get_lib_dir() + "/" + o.get_library(fullname=True))'
    return [execute(pythonPath, ['-c', script]).trim(), 'scipy_cblas_sgemm64_', '64']
  })
}

function mkl() {
  return library('MKL', 'mkl', () => {
    const lib = join(dirname(dirname(pythonPath)), 'lib')
    const name = readdirSync(lib).find((file) => file.startsWith('libmkl_rt.so'))
    return [join(lib, name), 'cblas_sgemm', '32']
  })
}

function library(name, wheel, find) {
  try {
    installPackages(name, [wheel])
    return { name, words: find() }
  } catch (error) {
    console.error(`Not measured: ${name}: ${error.message}`)
    return undefined
  }
}

/** A line of the table, from a line of the program's. */
function row(line) {
  const [m, n, k, flags, ...numbers] = line.split(' ').map(Number)
  const [peak, ours, ...others] = ['peak', 'kernels', ...libraries.map(({ name }) => name)].map((name, index) => {
    const [best, upper, lower] = numbers.slice(3 * index)
    return { name, best, spread: (upper - lower) / (upper + lower) }
  })
  const best = Math.max(...others.map((other) => other.best))
  return {
    [`${m} × ${n}, inner ${k} ${FORMS[flags]}`.trimEnd()]: {
      peak: peak.best.toFixed(1),
      kernels: ours.best.toFixed(1),
      spread: `±${(100 * ours.spread).toFixed(1)} %`,
      'of peak': `${((100 * ours.best) / peak.best).toFixed(1)} %`,
      ...Object.fromEntries(others.map((other) => [other.name, other.best.toFixed(1)])),
      ...(others.length > 0 && { 'to best': (ours.best / best).toFixed(2) }),
    },
  }
}
