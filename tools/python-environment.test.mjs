// What tools say when Python or one of its packages is missing. A shell script stands for Python, so nothing is
// installed.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { root } from './environment.mjs'
import { installCommand, MissingRequirement } from './missing.mjs'
import { pythonEnvironment } from './python-environment.mjs'

let folder
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradpool-python-test-'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'requirements.txt'), 'nothing==1.0\n')
  vi.stubEnv('PATH', join(folder, 'bin'))
  vi.stubEnv('GRADPOOL_PYTHON_ENVIRONMENTS', join(folder, 'environments'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** @param pip what `python -m pip` does, in sh */
function placePython({ venv = ':', pip = ':' }) {
  const script = `#!/bin/sh
case "$*" in
  -c*) exit 0 ;;
  "-m venv "*) ${venv}; /bin/mkdir -p "$3/bin"; /bin/cp "$0" "$3/bin/python" ;;
  "-m pip "*) echo "$*" >> "${folder}/pip.log"; ${pip} ;;
esac
`
  writeFileSync(join(folder, 'bin', 'python3'), script)
  chmodSync(join(folder, 'bin', 'python3'), 0o755)
}

const environment = () => pythonEnvironment('pool', join(folder, 'requirements.txt'))

describe.skipIf(process.platform === 'win32')('an environment', () => {
  test('without Python says how to install Python', () => {
    expect(() => environment().install('group', ['nothing'])).toThrow(
      new MissingRequirement(`Python 3.11 or newer was not found. Install it: ${installCommand('python')}`),
    )
    expect(existsSync(join(folder, 'environments'))).toBe(false)
  })

  test('that cannot be created leaves nothing, and says how to install venv', () => {
    placePython({ venv: 'echo "Error: ensurepip is not available"; exit 1' })
    expect(() => environment().install('group', ['nothing'])).toThrow(
      new MissingRequirement(
        `Cannot create a Python environment (Error: ensurepip is not available). Install venv and pip: ${installCommand('python')}`,
      ),
    )
    expect(readdirSync(join(folder, 'environments', 'pool'))).toEqual([])
  })

  test('names the packages that pip cannot install, and the command that shows why', () => {
    placePython({ pip: 'echo "ERROR: No matching distribution found for nothing==1.0" >&2; exit 1' })
    const { pythonPath, install } = environment()
    expect(() => install('group', ['nothing', 'more'])).toThrow(
      new MissingRequirement(
        'Cannot install the Python packages nothing, more (ERROR: No matching distribution found for nothing==1.0). ' +
          `To see why, run: ${pythonPath} -m pip install --disable-pip-version-check ` +
          `--constraint ${join(folder, 'requirements.txt')} nothing more`,
      ),
    )
  })

  test('installs a group once, and again when its versions or the environment changed', () => {
    placePython({})
    const numInstalled = () => {
      environment().install('group', ['nothing'])
      return readFileSync(join(folder, 'pip.log'), 'utf8').trim().split('\n').length
    }
    expect([numInstalled(), numInstalled()]).toEqual([1, 1])
    writeFileSync(join(folder, 'requirements.txt'), 'nothing==1.1\n')
    expect([numInstalled(), numInstalled()]).toEqual([2, 2])
    rmSync(environment().pythonPath)
    expect([numInstalled(), numInstalled()]).toEqual([3, 3])
  })
})

const tools = [['tools/bench/same-graph.mjs'], ['tools/hashing/run.mjs'], ['tools/platforms/run.mjs']]
test.each(tools)('%s without Python ends with one sentence and code 1', (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toBe(`error: Python 3.11 or newer was not found. Install it: ${installCommand('python')}\n`)
})
