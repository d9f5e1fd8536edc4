/** Runs a program to its end, with a time limit. */
import { execFile, type ExecFileException } from 'node:child_process'
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

/** Never rejects: a program that cannot be started has failed. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, path = [], timeoutMs }: RunOptions,
): Promise<RunResult> {
  const env = { ...process.env, PATH: [...path, process.env.PATH].join(delimiter) }
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: Infinity } as const
  return new Promise((resolve) => {
    const child = execFile(command, args, { cwd, env, ...limits }, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, stdout, reason: '' })
      else resolve({ ok: false, stdout, reason: reasonOf(error, stderr, timeoutMs) })
    })
    child.stdin?.end()
  })
}

function reasonOf({ code, killed, message }: ExecFileException, stderr: string, timeoutMs: number): string {
  // A text, such as ENOENT, says why it was not started.
  if (typeof code === 'string') return message
  if (killed === true) return `no end within ${timeoutMs / 1000} s`
  const lines = stderr.trim().split('\n')
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim()
}
