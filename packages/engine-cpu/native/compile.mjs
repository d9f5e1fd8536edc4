/**
 * Compiles the kernels and `addon.c` to <instruction set>.node files, by any compiler that takes the options of GCC and
 * Clang. They need nothing but Node-API's headers.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FLAGS = [
  '-std=gnu11',
  '-O3',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-strict-aliasing',
  '-fvisibility=hidden',
  '-shared',
  '-Wall',
  '-Wextra',
  '-Wno-psabi',
  '-DNAPI_VERSION=8',
]

/** What a platform's compiler needs besides. */
const BY_PLATFORM = {
  linux: ['-fPIC'],
  darwin: ['-fPIC', '-undefined', 'dynamic_lookup'],
  // Without a C library, of which nothing is called.
  win32: ['-ffreestanding', '-nostdlib', '-lkernel32', '-lapi-ms-win-core-synch-l1-2-0'],
}

export const sourcesHere = {
  kernels: fileURLToPath(new URL('../kernels/', import.meta.url)),
  native: fileURLToPath(new URL('./', import.meta.url)),
  headers: fileURLToPath(new URL('../dist/include/', import.meta.url)),
}

/**
 * All instruction sets, at once; whatever was there before is removed first, so that nothing stays that was compiled
 * from other kernels.
 *
 * @param output a folder
 * @param sets of `instruction-sets.mjs`
 * @param platform Node's name of it
 * @param compiler its command, and arguments that come first
 * @param flagsOf the options that choose an instruction set, and any that are to overrule those here
 * @returns why one of them could not be compiled, and then none is there; undefined if all could
 */
export async function compileAddons({ output, sets, platform, compiler, flagsOf, sources = sourcesHere }) {
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  // One translation unit: the compiler sees all of the kernels.
  const unit = join(output, `unit.${process.pid}.c`)
  const names = (await readdir(sources.kernels)).filter((name) => name.endsWith('.c')).sort()
  const parts = [...names.map((name) => join(sources.kernels, name)), join(sources.native, 'addon.c')]
  await writeFile(unit, parts.map((path) => `#include ${JSON.stringify(path)}\n`).join(''))
  const includes = [sources.headers, sources.kernels, sources.native].map((folder) => `-I${folder}`)
  const outcomes = await Promise.all(
    sets.map(async (set) => {
      const file = join(output, `${set.name}.node`)
      const temporary = `${file}.${process.pid}.tmp`
      const flags = [...FLAGS, ...(BY_PLATFORM[platform] ?? BY_PLATFORM.linux), `-DVLEN=${set.width}`, ...flagsOf(set)]
      const reason = await execute([...compiler, ...flags, ...includes, unit, '-o', temporary])
      if (reason === undefined) await rename(temporary, file)
      return reason
    }),
  )
  await rm(unit)
  const reason = outcomes.find((its) => its !== undefined)
  if (reason === undefined) await writeChecksums(output)
  else await rm(output, { recursive: true, force: true })
  return reason
}

/** SHA-256 by file: a library that was cut short would end the process that loads it. */
async function writeChecksums(folder) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.node')).sort()
  const sums = names.map(async (name) => {
    const bytes = await readFile(join(folder, name))
    return [name, createHash('sha256').update(bytes).digest('hex')]
  })
  const text = JSON.stringify(Object.fromEntries(await Promise.all(sums)), undefined, 2)
  await writeFile(join(folder, 'checksums.json'), `${text}\n`)
}

/** Why a command failed; undefined if it did not. */
function execute([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    child.on('error', ({ message }) => resolve(message))
    child.on('close', (code) => {
      const first = text.split('\n').find((line) => line.includes('error')) ?? text.split('\n', 1)[0]
      resolve(code === 0 ? undefined : first || `exit code ${code}`)
    })
  })
}
