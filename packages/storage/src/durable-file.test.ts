import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { expect, it } from 'vitest'
import { makeDirectories, writeDurably } from './durable-file.js'
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

it('makes a directory with those above it, many at once, and again', async () => {
  const path = join(await temporaryFolder(), 'a', 'b', 'c')
  const paths = ['.', '1', '2', '3'].map((name) => join(path, name))
  await Promise.all(paths.map(makeDirectories))
  await Promise.all(paths.map(makeDirectories))
  for (const one of paths) expect((await stat(one)).isDirectory()).toBe(true)
  await makeDirectories(parse(path).root)
})

it('refuses a directory under a file, and where none can be made', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  await expect(makeDirectories(join(file, 'a', 'b'))).rejects.toThrow('ENOTDIR')
  if (process.platform === 'linux') await expect(makeDirectories('/proc/none/a')).rejects.toThrow('ENOENT')
})
