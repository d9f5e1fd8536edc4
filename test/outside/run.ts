/** Programs in processes of their own, with nothing of the environment of this one that could help them. */
import { spawn } from 'node:child_process'
import type { Ended } from '../gradpool.js'

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/** Where programs are, and how the network is reached. */
const KEPT =
  /^(PATH|HOME|TMPDIR|LANG|LC_.*|SystemRoot|ComSpec|APPDATA|LOCALAPPDATA|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/i

export function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && KEPT.test(name) ? [[name, value]] : [],
    ),
  )
}

/** Its own process group, so that what it started ends with it. */
export function run(command: readonly string[], { cwd, env = {}, timeoutMs = 300_000 }: RunOptions): Promise<Ended> {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    cwd,
    env: { ...environment(), FORCE_COLOR: '0', CI: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const end = () => {
    try {
      process.kill(process.platform === 'win32' ? (child.pid ?? 0) : -(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  const timer = setTimeout(() => {
    stderr += `\nended after ${timeoutMs / 1000} s`
    end()
  }, timeoutMs)
  process.once('exit', end)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      process.off('exit', end)
      resolve({ code, stdout, stderr })
    })
  })
}

/** What a program prints. @throws Error with all that it said, where it fails */
export async function output(command: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, options)
  if (code === 0) return stdout
  const text = `${stdout}\n${stderr}`.trim()
  throw new Error(`${command.join(' ')} ended with ${code ?? 'a signal'}:\n${text.slice(-4000)}`)
}

export const node = process.execPath
/** Of the npm that comes with this Node, or that runs this. */
export const npm = (...args: readonly string[]) =>
  process.platform === 'win32' ? ['cmd', '/c', 'npm', ...args] : ['npm', ...args]
