// Scripts that need packages of Python say in one sentence which package is not installed.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const here = import.meta.dirname
const scripts = readdirSync(here).filter((name) => name.endsWith('.py'))
const modules = ['compact_json.py', 'missing_packages.py']

test('every script imports missing_packages before packages of others', () => {
  expect(scripts.length).toBeGreaterThan(20)
  const late = scripts.filter((name) => {
    const imports = readFileSync(join(here, name), 'utf8').match(/^(import|from) \w+/gm) ?? []
    const first = imports.findIndex((line) =>
      /\b(jax|keras|numpy|onnx|optax|pandas|PIL|pyarrow|scipy|sklearn|tensorboard|torch)$/.test(line),
    )
    return !modules.includes(name) && !imports.slice(0, first).includes('import missing_packages')
  })
  expect(late).toEqual([])
})

const hasPython = spawnSync('python3', ['--version']).status === 0

describe.skipIf(!hasPython)('without packages', () => {
  // -S leaves out the directories of installed packages.
  const run = (name, cwd) =>
    spawnSync('python3', ['-S', join(here, name)], {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1' },
    })

  test('a script ends with one sentence, and the command that installs them', () => {
    expect(run('losses_torch.py', here)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: "error: The Python package 'torch' is not installed. Run: pip install -r requirements.txt\n",
    })
    expect(run('metrics_sklearn.py', join(here, '..', '..')).stderr).toBe(
      "error: The Python package 'numpy' is not installed. Run: pip install -r tools/oracles/requirements.txt\n",
    )
  })
})
