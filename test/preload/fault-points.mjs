// Counts the file-system calls that a run makes under its `runs` folder, and lets one of them fail:
//
//     GRADPOOL_FAULT=<n>:<fault>   n from 1; a fault is `kill`, `short` (half of the content, then kill), `part`
//                                  (half of a write, which says so, as the system may) or an error code
//     GRADPOOL_FAULT_LOG=<file>    gets a line for each call: its name and what it touches
import { syncBuiltinESMExports } from 'node:module'
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { isMainThread } from 'node:worker_threads'

const { GRADPOOL_FAULT: fault = '', GRADPOOL_FAULT_LOG: log } = process.env
const [number, kind] = fault.split(':')
const { appendFileSync } = fs
const readWhole = promises.readFile
const handles = new WeakSet()
let count = 0

const concerns = (path) => typeof path === 'string' && /(^|\/)runs(\/|$)/.test(path)

/** Counts a call; what it returns, if anything, is to happen in its place. */
function faultAt(name, path) {
  count += 1
  if (log) appendFileSync(log, `${name} ${path}\n`)
  if (count !== Number(number)) return undefined
  if (kind === 'kill') process.kill(process.pid, 'SIGKILL')
  if (kind === 'short' || kind === 'part') return kind
  return Object.assign(new Error(`${kind}: a fault of the test, ${name} '${path}'`), { code: kind })
}

/** The arguments of a write of bytes from an offset, with half of them as its length. */
function halved([bytes, offset = 0, length = bytes.length - offset, position]) {
  return [bytes, offset, length >> 1, position]
}

function patchAsync(name, isHandle = false) {
  const own = promises[name]
  promises[name] = async (path, ...rest) => {
    if (!concerns(path)) return own(path, ...rest)
    const error = faultAt(name, path)
    if (error === 'short') {
      if (name === 'copyFile') {
        const bytes = await readWhole(path)
        await promises.writeFile(rest[0], bytes.subarray(0, bytes.length >> 1))
      }
      process.kill(process.pid, 'SIGKILL')
    }
    if (error) throw error
    const result = await own(path, ...rest)
    if (isHandle) handles.add(result)
    return result
  }
}

function patchSync(name) {
  const own = fs[name]
  fs[name] = (path, ...rest) => {
    if (name !== 'writeSync' && !concerns(path)) return own(path, ...rest)
    const error = faultAt(name, String(path))
    if (error === 'short') {
      if (name === 'writeSync') own(path, ...halved(rest))
      process.kill(process.pid, 'SIGKILL')
    }
    if (error === 'part') return own(path, ...halved(rest))
    if (error) throw error
    return own(path, ...rest)
  }
}

async function patchHandles() {
  const handle = await promises.open(process.execPath, 'r')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  for (const name of ['writeFile', 'write', 'sync']) {
    const own = prototype[name]
    prototype[name] = async function (...args) {
      if (!handles.has(this)) return own.apply(this, args)
      const error = faultAt(`handle.${name}`, '')
      if (error === 'short') {
        if (name === 'writeFile') await own.call(this, args[0].slice(0, args[0].length >> 1))
        if (name === 'write') await own.call(this, ...halved(args))
        process.kill(process.pid, 'SIGKILL')
      }
      if (error === 'part') return own.apply(this, halved(args))
      if (error) throw error
      return own.apply(this, args)
    }
  }
}

if (isMainThread && (fault || log)) {
  await patchHandles()
  for (const name of ['mkdir', 'rename', 'rm', 'copyFile', 'stat', 'statfs', 'readdir', 'readFile']) {
    patchAsync(name)
  }
  patchAsync('open', true)
  for (const name of ['openSync', 'writeSync', 'writeFileSync', 'readFileSync', 'rmSync']) {
    patchSync(name)
  }
  syncBuiltinESMExports()
}
