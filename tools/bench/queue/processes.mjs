/** Processes of a benchmark, and what the system says that they took. Linux alone. */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { root } from '../../environment.mjs'

const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const alive = new Set()

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Starts a program; `taken()` is its CPU seconds, and its memory now and at most, in MB, as last seen. */
export function start(file, args, { cwd, env = {}, profile } = {}) {
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const line = file === 'gradpool' ? [process.execPath, ...node, command, ...args] : [file, ...args]
  const child = spawn(line[0], line.slice(1), {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  alive.add(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part) => (text = (text + part).slice(-1_000_000)))
  }
  let last = { seconds: 0, megabytes: 0, most: 0 }
  const look = () => {
    try {
      const [, user, system] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8')) ?? []
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      const megabytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
      last = {
        seconds: (Number(user) + Number(system)) / ticks,
        megabytes: megabytes('VmRSS'),
        most: megabytes('VmHWM'),
      }
    } catch {
      // It has ended.
    }
    return last
  }
  const timer = setInterval(look, 200)
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      alive.delete(child)
      clearInterval(timer)
      if (code === 0 || child.killed) resolve(text)
      else reject(new Error(`${file} ${args.join(' ')} ended with ${code}: ${text.slice(-2000)}`))
    })
  })
  ended.catch(() => undefined)
  return {
    child,
    ended,
    said: () => text,
    taken: look,
    async saying(words) {
      while (!text.includes(words)) {
        if (!alive.has(child)) throw new Error(`${file} ended: ${text.slice(-2000)}`)
        await setTimeout(20)
      }
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      await ended
    },
  }
}
