/**
 * Compiles the kernels for arm64 and for this machine, runs both over the same operands, arm64 in
 * an emulator, and holds the hashes of all results together (fingerprint/fingerprint.c). Fails
 * where a bit differs, and where it cannot be done.
 *
 * `--here`: for this machine alone, with little optimisation: whether the fingerprint fits the kernels.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findCompiler } from '../native/compiler.mjs'

const kernels = fileURLToPath(new URL('./', import.meta.url))

/** Those of native/build.mjs that bear on bits. */
const FLAGS = ['-std=gnu11', '-O3', '-ffp-contract=off', '-fno-math-errno', '-fno-strict-aliasing']
/**
 * Where copy_bytes is inlined, GCC warns of copies of kilobytes, which counts there never come to.
 */
const FALSE_ALARMS = ['-Wno-array-bounds', '-Wno-stringop-overread', '-Wno-stringop-overflow']
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-psabi', ...FALSE_ALARMS]

const TARGETS = [
  { name: process.arch, compiler: findCompiler()?.command ?? 'cc', run: [] },
  { name: 'arm64', compiler: 'aarch64-linux-gnu-gcc', run: ['qemu-aarch64'] },
]

const isHere = process.argv.includes('--here')
const folder = await mkdtemp(join(tmpdir(), 'gradpool-arm64-'))
try {
  const names = (await readdir(kernels)).filter((name) => name.endsWith('.c')).sort()
  const unit = join(folder, 'unit.c')
  const parts = [...names, 'fingerprint/fingerprint.c'].map((name) => join(kernels, name))
  await writeFile(unit, parts.map((path) => `#include "${path}"\n`).join(''))
  const made = TARGETS.slice(0, isHere ? 1 : 2).map((target, index) => fingerprints(target, index, unit))
  const [here, arm64 = here] = made
  let numDifferent = 0
  for (const [name, hash] of here) {
    const same = arm64.get(name) === hash
    if (!same) numDifferent++
    console.log(`${name.padEnd(28)}${hash}  ${same ? 'same' : `${arm64.get(name)}  DIFFERENT`}`)
  }
  if (here.size === 0 || arm64.size !== here.size) {
    fail(`${here.size} results here, ${arm64.size} on arm64`)
  } else if (numDifferent > 0) {
    fail(`arm64 differs from ${process.arch} in ${numDifferent} of ${here.size}`)
  } else {
    console.log(isHere ? `${here.size} results` : `arm64 has the bits of ${process.arch}`)
  }
} catch (error) {
  fail(error.message)
} finally {
  await rm(folder, { recursive: true })
}

/** Hashes by name. */
function fingerprints({ name, compiler, run }, index, unit) {
  const program = join(folder, `fingerprint-${index}`)
  const args = [
    ...FLAGS,
    ...(isHere ? ['-O1'] : []),
    ...WARNINGS,
    '-DVLEN=4',
    '-static',
    `-I${kernels}`,
    unit,
    '-o',
    program,
  ]
  execute(compiler, [...args, '-lm'])
  const started = performance.now()
  const [command, ...rest] = [...run, program]
  const lines = execute(command, rest).trimEnd().split('\n')
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
  return new Map(lines.map((line) => [line.slice(0, -17), line.slice(-16)]))
}

function execute(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (error?.code === 'ENOENT') {
    throw new Error(
      `there is no ${command}; this needs a C compiler and, on Debian, gcc-aarch64-linux-gnu and qemu-user`,
    )
  }
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`)
  return stdout
}

function fail(reason) {
  console.error(reason)
  process.exitCode = 1
}
