/**
 * Installs peers: Python packages in a virtual environment of the benchmarks, TensorFlow for tfjs-node as Gradpool
 * does.
 *
 * Every function throws a `MissingRequirement` if it cannot install something.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../environment.mjs'
import { installCommand, MissingRequirement } from '../../missing.mjs'
import { execute, pythonEnvironment } from '../../python-environment.mjs'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const compiler = process.env.CXX ?? 'c++'

/** `install`: Python packages of a peer, at the versions of requirements.txt. */
export const { pythonPath, install: installPackages } = pythonEnvironment('bench-peers', requirements)

/** Installs TensorFlow for tfjs-node. */
export function setUpTensorFlow() {
  const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')
  try {
    execute(process.execPath, [command, 'setup', 'tensorflow'])
  } catch (error) {
    throw new MissingRequirement(
      `Cannot install TensorFlow (${error.message}). To see why, run: npm run gradpool -- setup tensorflow`,
      { cause: error },
    )
  }
}

/**
 * Installs what each peer needs; a peer that needs nothing has no `install`.
 *
 * @param onMissing gets a sentence for each that cannot be installed
 * @returns the others
 */
export function installed(peers, onMissing) {
  return peers.filter(({ name, install }) => {
    try {
      install?.()
      return true
    } catch (error) {
      onMissing(`${name}: ${error.message}`)
      return false
    }
  })
}

export function requireCompiler() {
  if (spawnSync(compiler, ['--version']).status === 0) return
  throw new MissingRequirement(
    `The C++ compiler '${compiler}' was not found. Install it: ${installCommand('compiler')}`,
  )
}
