/**
 * Installs peers: Python's into a virtual environment of the benchmark's own, TensorFlow for tfjs-node as Gradpool
 * does.
 *
 * Every function throws an error of one line when it could not do its work.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../environment.mjs'
import { execute, pythonEnvironment } from '../../python-environment.mjs'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const compiler = process.env.CXX ?? 'c++'

/** `install`: Python packages of a peer, at the versions of requirements.txt. */
export const { pythonPath, install: installPackages } = pythonEnvironment('bench-peers', requirements)

/** TensorFlow for tfjs-node, as Gradpool gets it. */
export function setUpTensorFlow() {
  const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')
  execute(process.execPath, [command, 'setup', 'tensorflow'])
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
  throw new Error(`no C++ compiler (${compiler}) found`)
}
