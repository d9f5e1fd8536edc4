/** Runs a program to its end, with a time limit. */
import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'

export interface RunResult {
  readonly ok: boolean
  readonly stdout: string
  /** The last line that says why it failed; empty where it did not. */
  readonly reason: string
}

export interface RunOptions {
  readonly cwd?: string
  /** Folders to look for programs in, before those of PATH. */
  readonly path?: readonly string[]
  readonly timeoutMs: number
}

/** Never rejects: a program that cannot be started has failed. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, path = [], timeoutMs }: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve) => {
    const output = { stdout: '', stderr: '' }
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: [...path, process.env.PATH].join(delimiter) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
    }
    child.on('error', ({ message }) => resolve({ ok: false, stdout: '', reason: message }))
    child.on('close', (code, signal) => {
      const ok = code === 0
      const lines = output.stderr.trim().split('\n')
      const late = `no end within ${timeoutMs / 1000} s`
      const reason = signal === 'SIGKILL' ? late : (lines.findLast(isTelling) ?? lines.at(-1) ?? '')
      resolve({ ok, stdout: output.stdout, reason: ok ? '' : reason.trim() })
    })
  })
}

function isTelling(line: string): boolean {
  return /error/i.test(line)
}
