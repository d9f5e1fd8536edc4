// Set-up: dependencies installed as locked, packages built. Plain JavaScript that needs nothing but Node.
//
//   node tools/setup.mjs [--install-only]
//
// It may be run from any folder, again and again, interrupted, or twice at once: the stamp that says "installed" is
// removed before an installation and written after it, only the holder of the lock works, and an npm that outlived
// its set-up is waited for.
import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

const minimumNode = [20, 19]
const stampFile = join(root, 'node_modules', '.gradpool-installed')
const lockFile = join(root, '.nx', 'setup.lock')
const npmFile = join(root, '.nx', 'setup.npm')
const heartbeatMs = 2_000
const staleAfterMs = 30_000

class SetupError extends Error {}

let running

async function main() {
  checkNode()
  const started = Date.now()
  const release = await takeLock()
  try {
    const installed = await install()
    const built = process.argv.includes('--install-only') ? false : await build()
    if (installed || built) say(`Ready after ${((Date.now() - started) / 1000).toFixed(0)} s.`)
  } finally {
    release()
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return
  throw new SetupError(
    `Gradpool needs Node ${minimumNode.join('.')} or newer, and this is ${process.versions.node}: install a current Node and run this again.`,
  )
}

/** Installs what package-lock.json names, unless that was done. */
async function install() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex')
  const stamp = `${hash} ${process.platform} ${process.arch}\n`
  if (readOrNothing(stampFile) === stamp) return false
  say('Installing dependencies …')
  await orphanedNpm()
  rmSync(stampFile, { force: true })
  await run('npm ci', ...npmCommand(), (pid) => writeFileSync(npmFile, String(pid)))
  rmSync(npmFile, { force: true })
  writeFileSync(stampFile, stamp)
  return true
}

function npmCommand() {
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  args.push('--loglevel=error', '--no-progress')
  const cli = environment.npm_execpath
  if (cli?.endsWith('npm-cli.js')) return [process.execPath, [cli, ...args]]
  if (process.platform === 'win32') return [environment.ComSpec ?? 'cmd', ['/c', 'npm', ...args]]
  return ['npm', args]
}

/** A killed set-up leaves its npm at work, on the same folder: two at once would leave it broken. */
async function orphanedNpm() {
  const pid = Number(readOrNothing(npmFile) ?? 0)
  for (let waitedMs = 0; pid > 0 && isAlive(pid) && waitedMs < 120_000; waitedMs += 200) {
    await delay(200)
  }
}

/** Makes all packages' JavaScript; Nx takes from its cache what did not change. Says whether that took a while. */
async function build() {
  let told = false
  const slow = setTimeout(() => {
    told = true
    say('Building packages …')
  }, 3_000)
  try {
    const args = ['run-many', '-t', 'bundle', '--skipSync', '--outputStyle=static']
    await run('the build', process.execPath, [tool('nx'), ...args])
    return told
  } finally {
    clearTimeout(slow)
  }
}

/** Runs a command in the root, silently; if it fails, shows what it printed. */
function run(what, command, args, onStart = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running = child
    child.on('spawn', () => onStart(child.pid))
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => reject(new SetupError(`Set-up could not start ${what}: ${error.message}`)))
    child.on('close', (code) => {
      running = undefined
      if (code === 0) return resolve()
      process.stderr.write(Buffer.concat(output))
      reject(new SetupError(`Set-up stopped: ${what} failed (see above).`))
    })
  })
}

/** Waits until no other live set-up works in this clone. The lock is a file with its holder, touched while in use. */
async function takeLock() {
  mkdirSync(join(root, '.nx'), { recursive: true })
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, id: randomUUID() })
  const draft = `${lockFile}.${process.pid}`
  writeFileSync(draft, mine)
  let told = false
  try {
    while (!tryLink(draft, lockFile)) {
      const holder = readOrNothing(lockFile)
      if (holder === undefined) continue
      if (isDead(holder)) {
        removeLock(holder)
        continue
      }
      if (!told) say('Another set-up is running here; waiting for it …')
      told = true
      await delay(200)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(lockFile, now, now)
    } catch {
      // Somebody removed the lock by hand; the work itself is safe to go on.
    }
  }, heartbeatMs)
  const release = () => {
    clearInterval(heartbeat)
    if (readOrNothing(lockFile) === mine) rmSync(lockFile, { force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // npm takes a moment to clean up, and nobody else may install meanwhile.
      const leave = () => {
        release()
        process.exit(signal === 'SIGINT' ? 130 : 143)
      }
      if (running === undefined) leave()
      running.removeAllListeners('close').on('close', leave)
      running.kill(signal)
    })
  }
  return release
}

function tryLink(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isDead(holder) {
  try {
    if (Date.now() - statSync(lockFile).mtimeMs > staleAfterMs) return true
    const { host, pid } = JSON.parse(holder)
    return host === hostname() && !isAlive(pid)
  } catch {
    return false
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Removes a dead holder's lock, and gives it back if another process was faster and it is a new one by now. */
function removeLock(dead) {
  const aside = `${lockFile}.${process.pid}.dead`
  try {
    renameSync(lockFile, aside)
    if (readFileSync(aside, 'utf8') !== dead) tryLink(aside, lockFile)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  rmSync(aside, { force: true })
}

function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function say(line) {
  process.stderr.write(`${line}\n`)
}

main().catch((error) => {
  say(error instanceof SetupError ? error.message : String(error.stack))
  process.exitCode = 1
})
