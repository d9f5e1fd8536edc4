/**
 * A Python virtual environment for one tool, with packages at the versions in its requirements.txt.
 *
 * Environments are in `.nx`, or in the directory that GRADPOOL_PYTHON_ENVIRONMENTS names. A stamp in the environment
 * records each installed group of packages; delete the environment to start again. If Python or a package is missing
 * and cannot be installed, the functions of an environment throw a `MissingRequirement`.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './environment.mjs'
import { installCommand, MissingRequirement } from './missing.mjs'

const isWindows = process.platform === 'win32'

/**
 * @param name name of its directory
 * @param requirements path of a requirements.txt with the versions of all packages
 */
export function pythonEnvironment(name, requirements) {
  const folder = join(process.env.GRADPOOL_PYTHON_ENVIRONMENTS ?? join(root, '.nx'), name)
  const venv = join(folder, 'python')
  const pythonPath = isWindows ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python')

  return {
    pythonPath,
    create,
    /** Installs packages unless the stamp of `group` says that they are installed. */
    install(group, packages) {
      create()
      const stamp = join(venv, `${group}.installed`)
      const wanted = hash(readFileSync(requirements), packages.join(' '))
      if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
      rmSync(stamp, { force: true })
      process.stderr.write(`Installing ${packages.join(', ')} …\n`)
      const command = ['-m', 'pip', 'install', '--disable-pip-version-check', '--constraint', requirements, ...packages]
      try {
        execute(pythonPath, [...command, '--quiet'])
      } catch (error) {
        throw new MissingRequirement(
          `Cannot install the Python packages ${packages.join(', ')} (${error.message}). ` +
            `To see why, run: ${[pythonPath, ...command].map(quoted).join(' ')}`,
          { cause: error },
        )
      }
      writeFileSync(stamp, wanted)
    },
  }

  /** Creates the environment, without packages, unless it exists. */
  function create() {
    if (existsSync(pythonPath)) return
    const command = ['python3', 'python'].find(isRecentPython)
    if (command === undefined) {
      throw new MissingRequirement(`Python 3.11 or newer was not found. Install it: ${installCommand('python')}`)
    }
    process.stderr.write('Creating a Python environment …\n')
    rmSync(venv, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    try {
      execute(command, ['-m', 'venv', venv])
    } catch (error) {
      rmSync(venv, { recursive: true, force: true })
      throw new MissingRequirement(
        `Cannot create a Python environment (${error.message}). Install venv and pip: ${installCommand('python')}`,
        { cause: error },
      )
    }
  }
}

const quoted = (word) => (/\s/.test(word) ? `"${word}"` : word)

/** Runs a command and returns its output. @throws Error with the line of its output that says what failed */
export function execute(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    ...options,
  })
  if (error) throw new Error(`${command}: ${error.message}`)
  if (status !== 0) {
    throw new Error(errorLine(stderr) || errorLine(stdout) || `${command} ended with ${status}`)
  }
  return stdout
}

function isRecentPython(command) {
  const check = 'import sys; sys.exit(sys.version_info < (3, 11))'
  return spawnSync(command, ['-c', check]).status === 0
}

/** The first line that begins with "error", or else the last line. */
function errorLine(text) {
  const lines = (text ?? '').trim().split('\n')
  return lines.find((line) => /^error/i.test(line)) ?? lines.at(-1)
}

function hash(...parts) {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest('hex')
}
