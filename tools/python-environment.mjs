/**
 * A virtual environment of Python for one tool, with packages at the versions of its requirements.txt.
 *
 * A stamp for each thing installed says what it was; delete the folder to start afresh. Every function throws an error
 * of one line when it could not do its work.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './environment.mjs'

const isWindows = process.platform === 'win32'

/**
 * @param name of its folder, in .nx
 * @param requirements path of a requirements.txt, which bounds whatever is installed
 */
export function pythonEnvironment(name, requirements) {
  const folder = join(root, '.nx', name)
  const venv = join(folder, 'python')
  const pythonPath = isWindows ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python')

  return {
    pythonPath,
    /** Packages, once for `what`. */
    install(what, packages) {
      const wanted = hash(readFileSync(requirements), packages.join(' '))
      once(what, wanted, () => {
        makeVenv()
        process.stderr.write(`Installing ${packages.join(', ')} …\n`)
        const options = ['--quiet', '--disable-pip-version-check', '--constraint', requirements]
        execute(pythonPath, ['-m', 'pip', 'install', ...options, ...packages])
      })
    },
  }

  function makeVenv() {
    if (existsSync(pythonPath)) return
    process.stderr.write('Making a Python environment …\n')
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

  /** Does the work unless its stamp says that it was done; the stamp is written last. */
  function once(what, wanted, work) {
    const stamp = join(folder, `${what}.installed`)
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
    rmSync(stamp, { force: true })
    work()
    writeFileSync(stamp, wanted)
  }
}

/** Runs a command; its output. */
export function execute(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    ...options,
  })
  if (error) throw new Error(`${command}: ${error.message}`)
  if (status !== 0) {
    throw new Error(complaint(stderr) || complaint(stdout) || `${command} ended with ${status}`)
  }
  return stdout
}

function isRecentPython(command) {
  const check = 'import sys; sys.exit(sys.version_info < (3, 11))'
  return spawnSync(command, ['-c', check]).status === 0
}

/** The first line that says it is an error, else the last. */
function complaint(text) {
  const lines = (text ?? '').trim().split('\n')
  return lines.find((line) => /^error/i.test(line)) ?? lines.at(-1)
}

function hash(...parts) {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest('hex')
}
