/** What set-up starts ends: by itself, at its time limit, and with the process that started it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, expect, test, vi } from 'vitest'
import { run } from './run.js'

const TIMEOUT_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'gradpool-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes its number to a file, then never ends. */
const endless = (file: string): string[] => [
  '-e',
  "require('node:fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)",
  file,
]

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function pidIn(file: string): Promise<number> {
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+$/), TIMEOUT_MS)
  return Number(readFileSync(file, 'utf8'))
}

const program = (code: string) => run(process.execPath, ['-e', code], { timeoutMs: TIMEOUT_MS })

test('tells the output, or why it failed', { timeout: TIMEOUT_MS }, async () => {
  expect(await program("console.log('so')")).toEqual({ ok: true, stdout: 'so\n', reason: '' })
  const failing = await program("console.error('an error: full'); console.error('bye'); process.exit(3)")
  expect(failing).toEqual({ ok: false, stdout: '', reason: 'an error: full' })
  const missing = await run('gradpool-has-no-such-program', [], { timeoutMs: TIMEOUT_MS })
  expect(missing).toMatchObject({ ok: false, reason: expect.stringContaining('ENOENT') as string })
})

test('ends what takes too long', { timeout: TIMEOUT_MS }, async () => {
  const file = join(folder, 'late')
  const { ok, reason } = await run(process.execPath, endless(file), { timeoutMs: 3000 })
  expect({ ok, reason }).toEqual({ ok: false, reason: 'no end within 3 s' })
  if (existsSync(file)) {
    const pid = await pidIn(file)
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), TIMEOUT_MS)
  }
})

test.skipIf(process.platform === 'win32')('ends with a process that is killed', { timeout: TIMEOUT_MS }, async () => {
  const file = join(folder, 'killed')
  const built = join(folder, 'run.mjs')
  const source = fileURLToPath(new URL('run.ts', import.meta.url))
  await build({ entryPoints: [source], outfile: built, bundle: true, platform: 'node', format: 'esm' })
  const code = `import { run } from '${pathToFileURL(built).href}'; await run(process.execPath, ${JSON.stringify(endless(file))}, { timeoutMs: 1e6 })`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' })
  const pid = await pidIn(file)
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), TIMEOUT_MS)
})
