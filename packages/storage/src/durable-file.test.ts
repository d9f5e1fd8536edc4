import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { replaceFile, writeAllDurably, writeDurably } from './durable-file.js'
import { finalName } from './temporary-files.js'
import { temporaryFolder } from './testing/temporary-folder.js'

it('writes and replaces a file, and leaves nothing else', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'file')
  await writeDurably(path, 'one')
  await writeDurably(path, Uint8Array.of(0x74, 0x77, 0x6f))
  expect(await readFile(path, 'utf8')).toBe('two')
  await writeAllDurably(folder, { file: 'three', other: 'four' })
  expect(await readFile(path, 'utf8')).toBe('three')
  expect(await readdir(folder)).toEqual(['file', 'other'])
})

it('leaves a file as it was if writing fails, and no temporary file', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'file')
  await writeDurably(path, 'before')
  const failing = replaceFile(path, async (file) => {
    await file.writeFile('half')
    throw new Error('no more')
  })
  await expect(failing).rejects.toThrow('no more')
  expect(await readFile(path, 'utf8')).toBe('before')
  expect(await readdir(folder)).toEqual(['file'])
})

it('keeps the permissions of a file that it replaces, and gives a new one those that it is told', async () => {
  const path = join(await temporaryFolder(), 'file')
  const mode = async () => (await stat(path)).mode & 0o777
  await replaceFile(path, (file) => file.writeFile('secret'), { mode: 0o600 })
  expect(await mode()).toBe(0o600)
  await chmod(path, 0o640)
  await writeDurably(path, 'other')
  expect(await mode()).toBe(0o640)
})

it('creates its temporary file exclusively, under a name that differs each time', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'model.gradpool')
  const seen: string[] = []
  const noteNames = async () => void seen.push(...(await readdir(folder)))
  await Promise.all([1, 2, 3].map(() => replaceFile(path, noteNames)))
  const names = new Set(seen.filter((name) => name !== 'model.gradpool'))
  expect(names.size).toBe(3)
  for (const name of names) expect(finalName(name)).toBe('model.gradpool')
})

it('writes to a name as long as the file system takes', async () => {
  const folder = await temporaryFolder()
  const name = 'n'.repeat(255)
  await writeDurably(join(folder, name), 'text')
  expect(await readdir(folder)).toEqual([name])
})

describe.skipIf(process.platform === 'win32')('what is no regular file', () => {
  it('stays as it is: a directory, a pipe, and a link to a pipe', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'directory'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await symlink('pipe', join(folder, 'link'))
    for (const [name, what] of [
      ['directory', 'folder'],
      ['pipe', 'pipe or a device'],
      ['link', 'pipe or a device'],
    ]) {
      const path = join(folder, name ?? '')
      await expect(writeDurably(path, 'text')).rejects.toThrow(`'${path}' is a ${what ?? ''}, not a file`)
    }
    expect((await lstat(join(folder, 'pipe'))).isFIFO()).toBe(true)
    expect((await readdir(folder)).sort()).toEqual(['directory', 'link', 'pipe'])
  })

  it('is followed if it is a symbolic link, to a file or to a name that is free', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'inner'))
    await writeFile(join(folder, 'inner', 'file'), 'before')
    await symlink(join('inner', 'file'), join(folder, 'link'))
    await symlink('link', join(folder, 'second'))
    await symlink(join('inner', 'free'), join(folder, 'dangling'))
    await writeDurably(join(folder, 'second'), 'after')
    await writeDurably(join(folder, 'dangling'), 'new')
    expect(await readFile(join(folder, 'inner', 'file'), 'utf8')).toBe('after')
    expect(await readFile(join(folder, 'inner', 'free'), 'utf8')).toBe('new')
    for (const name of ['link', 'second', 'dangling']) expect(await readlink(join(folder, name))).toBeTruthy()
    expect((await readdir(join(folder, 'inner'))).sort()).toEqual(['file', 'free'])
  })

  it('is refused if it is a link that leads in a circle', async () => {
    const folder = await temporaryFolder()
    await symlink('b', join(folder, 'a'))
    await symlink('a', join(folder, 'b'))
    await expect(writeDurably(join(folder, 'a'), 'text')).rejects.toThrow('ELOOP')
    expect((await readdir(folder)).sort()).toEqual(['a', 'b'])
  })
})

it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('leaves a file that is read-only', async () => {
  const path = join(await temporaryFolder(), 'file')
  await writeFile(path, 'before')
  await chmod(path, 0o444)
  await expect(writeDurably(path, 'after')).rejects.toThrow('EACCES')
  expect(await readFile(path, 'utf8')).toBe('before')
})
