/**
 * Installs peers into a folder of the benchmark's own: a Python virtual environment, and tfjs-node.
 *
 * A stamp a peer says what was installed; delete the folder to start afresh. Every function throws an error of one line
 * when it could not do its work.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../environment.mjs'

const TFJS_NODE_VERSION = '4.22.0'

const folder = join(root, '.nx', 'bench-peers')
const venv = join(folder, 'python')
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const compiler = process.env.CXX ?? 'c++'
const isWindows = process.platform === 'win32'

export const pythonPath = isWindows
  ? join(venv, 'Scripts', 'python.exe')
  : join(venv, 'bin', 'python')
export const tfjsNodeFolder = join(folder, 'tfjs-node')

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

/**
 * tfjs-node. Its libtensorflow is the one of the tensorflow-cpu package, for which its binding is compiled: the one that
 * its own install script fetches is from 2022.
 */
export function installTfjsNode() {
  installPackages('keras', ['tensorflow-cpu', 'keras', 'numpy'])
  once('tfjs-node', TFJS_NODE_VERSION, () => {
    requireCompiler()
    say('Installing tfjs-node, compiling its binding …')
    mkdirSync(tfjsNodeFolder, { recursive: true })
    writeFileSync(join(tfjsNodeFolder, 'package.json'), '{ "private": true }\n')
    execute(
      isWindows ? 'npm.cmd' : 'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'].concat(
        `@tensorflow/tfjs-node@${TFJS_NODE_VERSION}`,
      ),
      { cwd: tfjsNodeFolder },
    )
    compileBinding(join(tfjsNodeFolder, 'node_modules', '@tensorflow', 'tfjs-node'))
  })
}

export function requireCompiler() {
  if (spawnSync(compiler, ['--version']).status === 0) return
  throw new Error(`no C++ compiler (${compiler}) found`)
}

function compileBinding(tfjsNode) {
  const nodeHeaders = createRequire(import.meta.url)('node-api-headers').include_dir
  const findTensorflow = 'import importlib.util as u; print(u.find_spec("tensorflow").origin)'
  const tensorflow = dirname(execute(pythonPath, ['-c', findTensorflow]).trim())
  const binding = join(tfjsNode, 'binding')
  const out = join(tfjsNode, 'lib', 'napi-v8')
  mkdirSync(out, { recursive: true })
  execute(compiler, [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-w', '-DNAPI_VERSION=8'],
    ...[`-I${nodeHeaders}`, `-I${join(tensorflow, 'include')}`],
    ...readdirSync(binding)
      .filter((file) => file.endsWith('.cc'))
      .map((file) => join(binding, file)),
    ...['-o', join(out, 'tfjs_binding.node'), `-L${tensorflow}`, `-Wl,-rpath,${tensorflow}`],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
  ])
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
