/**
 * Tries the packages of `npm run build:platforms`: reads each library as its platform's loader would, and runs the code
 * of each platform that can be run on this machine (runners.mjs). Where something has to be installed for it, the
 * platform is SKIPPED, with the command that installs it.
 *
 *   npm run test:platforms [-- platform ...]      all of platforms.mjs if none is named
 *   npm run test:platforms -- --write             writes what was found to results.json, of which the step `platforms`
 *                                                 of `npm run figures` makes the table of docs/platforms.md
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { instructionSetsOf } from '../../packages/engine-cpu/native/instruction-sets.mjs'
import { root } from '../environment.mjs'
import { pythonEnvironment } from '../python-environment.mjs'
import { faultsOf } from './check-library.mjs'
import { platforms } from './platforms.mjs'
import { runnerOf } from './runners.mjs'
import { sourcesHere } from './sources.mjs'

const { values: options, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' } },
})
const unknown = named.find((name) => !platforms.some((platform) => platform.name === name))
if (unknown !== undefined) {
  console.error(`there is no platform ${unknown}; there are ${platforms.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const engine = join(root, 'packages', 'engine-cpu')
const here = sourcesHere()
const python = pythonEnvironment('zig', join(import.meta.dirname, 'requirements.txt'))

/** What is wrong with a package's files, a sentence each. */
function faultsIn(platform) {
  const folder = join(engine, 'npm', platform.name)
  const manifest = join(folder, 'package.json')
  const again = `npm run build:platforms -- ${platform.name}`
  if (!existsSync(manifest)) return [`it is not made: ${again}`]
  const { sources, planVersion } = JSON.parse(readFileSync(manifest, 'utf8')).gradpool ?? {}
  if (sources !== here.sources) {
    const plan = planVersion === here.planVersion ? '' : `, at plan version ${planVersion}`
    return [`it was made from other sources${plan}: ${again}`]
  }
  return instructionSetsOf(platform.cpu).flatMap(({ name }) => {
    const file = `${name}.node`
    return existsSync(join(folder, file))
      ? faultsOf(readFileSync(join(folder, file)), platform).map((fault) => `${file}: ${fault}`)
      : [`${file} is not there`]
  })
}

/** Runs try.mjs; what it found, or what is wrong. Its output is a file: in Wine, Node cannot write to a pipe. */
function tried({ name, cpu }, { command: [program, ...args], env }) {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-platform-'))
  const file = openSync(join(folder, 'output'), 'w')
  const { status, signal } = spawnSync(program, [...args, 'tools/platforms/try.mjs', name], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file],
    timeout: 300_000,
  })
  closeSync(file)
  const output = readFileSync(join(folder, 'output'), 'utf8')
  rmSync(folder, { recursive: true })
  const [, node = ''] = /, Node ([\d.]+): /.exec(output) ?? []
  const sets = [...output.matchAll(/^(\S+) +[0-9a-f]{16} the bits of WebAssembly$/gm)].map(([, set]) => set)
  if (status === 0 && sets.length > 0) {
    return { node, sets, unable: instructionSetsOf(cpu).flatMap((set) => (sets.includes(set.name) ? [] : [set.name])) }
  }
  return { fault: output.trim().split('\n').at(-1) || `it ended with ${status ?? signal}` }
}

const rows = []
let [numPassed, numFailed, numSkipped] = [0, 0, 0]
for (const platform of platforms) {
  if (named.length > 0 && !named.includes(platform.name)) continue
  const { name } = platform
  const say = (text) => console.log(`${name.padEnd(17)} ${text}`)
  const fail = (text) => (numFailed++, say(`FAILED: ${text}`))
  const faults = faultsIn(platform)
  if (faults.length > 0) {
    fail(faults.join('; '))
    continue
  }
  numPassed++
  say('read: format, processor, symbols and libraries')
  rows.push({ name })
  try {
    const runner = runnerOf(platform, python)
    if (runner?.missing) {
      numSkipped++
      say(`SKIPPED, not run: ${runner.missing} is not here; ${runner.get}`)
    } else if (runner) {
      const { fault, node, sets, unable } = tried(platform, runner)
      if (fault) {
        fail(fault)
        continue
      }
      numPassed++
      const how = [`Node ${node}`, ...(runner.how ? [runner.how] : [])].join(', ')
      say(`run: ${sets.join(', ')}; ${how}${unable.length > 0 ? `; this CPU lacks ${unable.join(', ')}` : ''}`)
      rows[rows.length - 1] = { name, sets, how }
    } else say('not run: nothing is known that runs it here')
  } catch (error) {
    fail(error.message)
  }
}
if (options.write && named.length + numFailed + numSkipped > 0) {
  numFailed++
  console.log(
    'results.json stays as it is: it is written where all platforms were tried, and none failed or was skipped',
  )
} else if (options.write) {
  const machine = cpus()[0]?.model.trim()
  const date = new Date().toISOString().slice(0, 10)
  const results = { planVersion: here.planVersion, date, machine, platforms: rows }
  const path = join(import.meta.dirname, 'results.json')
  const style = { ...(await resolveConfig(path)), filepath: path }
  writeFileSync(path, await format(JSON.stringify(results), style))
}
console.log(`\n${numPassed} passed, ${numFailed} failed, ${numSkipped} skipped`)
process.exitCode = numFailed > 0 || numPassed === 0 ? 1 : 0
