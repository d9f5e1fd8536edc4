/** Runs a program to its end, with a time limit, and no longer than this process lives. */
import { execFile } from 'node:child_process'
import { delimiter } from 'node:path'

export interface RunResult {
  readonly ok: boolean
  readonly stdout: string
  /** The last line of its output that says why it failed; empty if it did not. */
  readonly reason: string
}

export interface RunOptions {
  readonly cwd?: string
  /** Folders to search for programs before those of PATH. */
  readonly path?: readonly string[]
  readonly timeoutMs: number
}

/**
 * In a process between this one and the program: it ends the program, with all that it started, when its stdin is
 * closed. The system closes it when this process ends, however it ends.
 */
const WATCH = `
const { spawn } = require('node:child_process')
const [command, ...args] = process.argv.slice(1)
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: process.platform !== 'win32' })
child.on('error', ({ message }) => {
  console.error(message)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))
process.stdin.resume().on('close', () => {
  if (process.platform === 'win32') child.kill('SIGKILL')
  else process.kill(-child.pid, 'SIGKILL')
})`

/** Never rejects: a program that cannot be started has failed. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, path = [], timeoutMs }: RunOptions,
): Promise<RunResult> {
  const env = { ...process.env, PATH: [...path, process.env.PATH].join(delimiter) }
  return new Promise((resolve) => {
    let isLate = false
    const watched = ['-e', WATCH, '--', command, ...args]
    const child = execFile(process.execPath, watched, { cwd, env, maxBuffer: Infinity }, (error, stdout, stderr) => {
      clearTimeout(limit)
      if (error === null) resolve({ ok: true, stdout, reason: '' })
      else resolve({ ok: false, stdout, reason: isLate ? `no end within ${timeoutMs / 1000} s` : reasonOf(stderr) })
    })
    const limit = setTimeout(() => {
      isLate = true
      child.stdin?.end()
    }, timeoutMs)
  })
}

function reasonOf(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim()
}
