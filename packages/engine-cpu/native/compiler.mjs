/**
 * Finds the system's C compiler. Run as a program it prints what it found, which is part of what
 * the build's cache depends on.
 */
import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'

/** The command of a C compiler and the first line of its version, or undefined. */
export function findCompiler() {
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'clang', 'gcc']
  for (const command of candidates) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
    if (status === 0) return { command, version: stdout.split('\n', 1)[0] }
  }
  return undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(process.platform, process.arch, findCompiler()?.version ?? 'no compiler')
}
