import { stat, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { expect, it } from 'vitest'
import { makeDirectories } from './directories.js'
import { temporaryFolder } from './testing/temporary-folder.js'

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
