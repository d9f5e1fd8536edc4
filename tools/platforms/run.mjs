/**
 * Makes the packages of native code for all platforms, in packages/engine-cpu/npm, by `zig cc`, which pip installs into
 * .nx/zig: it has the C library of each platform, and the same compiler for all. Each library is then read as the
 * platform's loader would (check-library.mjs). One that was made from the same sources is left as it is.
 *
 *   npm run build:platforms [-- platform ...]      all of platforms.mjs if none is named
 */
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileAddons } from '../../packages/engine-cpu/native/compile.mjs'
import { placeHeaders } from '../../packages/engine-cpu/native/headers.mjs'
import { instructionSetsOf } from '../../packages/engine-cpu/native/instruction-sets.mjs'
import { root } from '../environment.mjs'
import { publishedManifest } from '../published-manifest.mjs'
import { execute, pythonEnvironment } from '../python-environment.mjs'
import { faultsOf } from './check-library.mjs'
import { manifestOf, packageName, platforms } from './platforms.mjs'
import { sourcesHere } from './sources.mjs'

const engine = join(root, 'packages', 'engine-cpu')
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const OPTIONS = ['-s', '-fno-sanitize=all', '-fno-stack-protector']
const BASELINE = { x64: 'x86_64', arm64: 'generic' }

const named = process.argv.slice(2)
const unknown = named.find((name) => !platforms.some((platform) => platform.name === name))
try {
  if (unknown !== undefined) {
    throw new Error(`Unknown platform '${unknown}'. Known: ${platforms.map(({ name }) => name).join(', ')}`)
  }
  const zig = pythonEnvironment('zig', requirements)
  zig.install('zig', ['ziglang'])
  await placeHeaders()
  const manifest = publishedManifest('engine-cpu', JSON.parse(await readFile(join(engine, 'package.json'), 'utf8')))
  for (const platform of platforms) {
    if (named.length === 0 || named.includes(platform.name)) await build(platform, zig.pythonPath, manifest)
  }
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}

async function build(platform, python, manifest) {
  const started = performance.now()
  const { name, os, cpu, target } = platform
  const output = join(engine, 'npm', name)
  const own = `${JSON.stringify(manifestOf(platform, manifest, sourcesHere()), undefined, 2)}\n`
  // Written last.
  if ((await readFile(join(output, 'package.json'), 'utf8').catch(() => '')) === own) {
    console.log(`${name}: as it was made`)
    return
  }
  await rm(output, { recursive: true, force: true })
  const sets = instructionSetsOf(cpu)
  const runtime = os === 'win32' ? [runtimeFor(target, cpu, python)] : []
  const reason = await compileAddons({
    output,
    sets,
    platform: os,
    compiler: [python, '-m', 'ziglang', 'cc', '-target', target],
    // Zig names every feature of a processor to Clang, so options such as -mavx2 would be lost.
    flagsOf: ({ features }) => [`-mcpu=${BASELINE[cpu]}${features}`, ...OPTIONS, ...runtime],
  })
  if (reason !== undefined) throw new Error(`${name} does not compile: ${reason}`)
  let total = 0
  for (const set of sets) {
    const file = join(output, `${set.name}.node`)
    const faults = faultsOf(await readFile(file), platform)
    if (faults.length > 0) throw new Error(`${file} is no library for ${name}: ${faults.join('; ')}`)
    total += (await stat(file)).size
  }
  await writeFile(
    join(output, 'README.md'),
    `# ${packageName(platform)}\n\nNative code of @gradpool/engine-cpu for ${name}, which npm installs with it.\n`,
  )
  await cp(join(root, 'LICENSE'), join(output, 'LICENSE'))
  await writeFile(join(output, 'package.json'), own)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${name}: ${sets.map((set) => set.name).join(', ')}, ${(total / 1024).toFixed(0)} KiB, ${seconds} s`)
}

/** What a compiler takes for granted, such as a function that copies memory: where there is no C library, Zig's own. */
function runtimeFor(target, cpu, python) {
  const library = execute(python, ['-c', 'import os, ziglang; print(os.path.dirname(ziglang.__file__))']).trim()
  const file = join(root, '.nx', 'zig', `runtime-${target}.obj`)
  const options = ['-target', target, `-mcpu=${BASELINE[cpu]}`, '-O', 'ReleaseFast', '-fstrip', '-ffunction-sections']
  const source = join(library, 'lib', 'compiler_rt.zig')
  execute(python, ['-m', 'ziglang', 'build-obj', ...options, source, `-femit-bin=${file}`])
  return file
}
