import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeDurably } from './durable-file.js'
import { temporaryFolder } from './testing/temporary-folder.js'

it('writes and replaces a file, and leaves nothing else', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'file')
  await writeDurably(path, 'one')
  await writeDurably(path, Uint8Array.of(0x74, 0x77, 0x6f))
  expect(await readFile(path, 'utf8')).toBe('two')
  expect(await readdir(folder)).toEqual(['file'])
})

it('leaves nothing half-written where it fails', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'taken'))
  await writeFile(join(folder, 'taken', 'inside'), '')
  await expect(writeDurably(join(folder, 'taken'), 'text')).rejects.toThrow()
  expect(await readdir(folder)).toEqual(['taken'])
})
