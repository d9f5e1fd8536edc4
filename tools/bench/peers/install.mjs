/**
 * Installs peers: Python's into a virtual environment of the benchmark's own, TensorFlow for tfjs-node as Gradpool does.
 *
 * A stamp a peer says what was installed; delete the folder to start afresh. Every function throws an error of one line
 * when it could not do its work.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../environment.mjs'

const folder = join(root, '.nx', 'bench-peers')
const venv = join(folder, 'python')
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const compiler = process.env.CXX ?? 'c++'
const isWindows = process.platform === 'win32'

export const pythonPath = isWindows
  ? join(venv, 'Scripts', 'python.exe')
  : join(venv, 'bin', 'python')

/** Python packages, at the versions of requirements.txt. */
export function installPackages(peer, packages) {
  const wanted = hash(readFileSync(requirements), packages.join(' '))
  once(peer, wanted, () => {
    makeVenv()
    say(`Installing ${packages.join(', ')} …`)
    const options = ['--quiet', '--disable-pip-version-check', '--constraint', requirements]
    execute(pythonPath, ['-m', 'pip', 'install', ...options, ...packages])
  })
}

/** TensorFlow for tfjs-node, as Gradpool gets it. */
export function setUpTensorFlow() {
  const command = join(root, 'packages', 'cli', 'bin', 'gradpool.js')
  execute(process.execPath, [command, 'setup', 'tensorflow'])
}

export function requireCompiler() {
  if (spawnSync(compiler, ['--version']).status === 0) return
  throw new Error(`no C++ compiler (${compiler}) found`)
}

function makeVenv() {
  if (existsSync(pythonPath)) return
  say('Making a Python environment …')
  mkdirSync(folder, { recursive: true })
  const command = ['python3', 'python'].find(isRecentPython)
  if (command === undefined) throw new Error('no Python 3.11 or newer found')
  try {
    execute(command, ['-m', 'venv', venv])
  } catch (error) {
    rmSync(venv, { recursive: true, force: true })
    throw error
  }
}

function isRecentPython(command) {
  const check = 'import sys; sys.exit(sys.version_info < (3, 11))'
  return spawnSync(command, ['-c', check]).status === 0
}

/** Does the work unless its stamp says that it was done; the stamp is written last. */
function once(name, wanted, work) {
  const stamp = join(folder, `${name}.installed`)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  rmSync(stamp, { force: true })
  work()
  writeFileSync(stamp, wanted)
}

/** Runs a command; its output. */
function execute(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    ...options,
  })
  if (error) throw new Error(`${command}: ${error.message}`)
  if (status !== 0) {
    throw new Error(complaint(stderr) || complaint(stdout) || `${command} ended with ${status}`)
  }
  return stdout
}

/** The first line that says it is an error, else the last. */
function complaint(text) {
  const lines = text.trim().split('\n')
  return lines.find((line) => /^error/i.test(line)) ?? lines.at(-1)
}

function hash(...parts) {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest('hex')
}

function say(line) {
  process.stderr.write(`${line}\n`)
}
