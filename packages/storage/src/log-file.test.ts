import type * as Fs from 'node:fs'
import { closeSync, openSync, writeSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { temporaryFolder } from './testing/temporary-folder.js'
import { appendLine, endTornLine } from './log-file.js'

const most = vi.hoisted(() => ({ bytes: Infinity }))

// A system that takes no more than so many bytes at once.
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof Fs>()
  const short = (file: number, bytes: Uint8Array, start: number) =>
    fs.writeSync(file, bytes, start, Math.min(most.bytes, bytes.length - start))
  return { ...fs, writeSync: vi.fn(short) }
})

it('writes whole lines, in as many parts as the system takes them', async () => {
  const path = join(await temporaryFolder(), 'log')
  const file = openSync(path, 'a')
  most.bytes = 3
  appendLine(file, '{"a":"조건"}')
  appendLine(file, '{}')
  closeSync(file)
  expect(await readFile(path, 'utf8')).toBe('{"a":"조건"}\n{}\n')
  expect(vi.mocked(writeSync).mock.calls.length).toBeGreaterThan(5)
})

it('takes away a line that was cut short', async () => {
  const path = join(await temporaryFolder(), 'log')
  expect(endTornLine(path)).toBe(false)
  await appendFile(path, '{}\n{"a":')
  expect(endTornLine(path)).toBe(true)
  expect(endTornLine(path)).toBe(false)
  expect(await readFile(path, 'utf8')).toBe('{}\n')
})
