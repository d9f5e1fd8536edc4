import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { finalName, removeOldTemporaries, temporaryPath } from './temporary-files.js'
import { temporaryFolder } from './testing/temporary-folder.js'

it('names what is temporary, and knows such a name again', () => {
  const path = temporaryPath('a/model.gradpool')
  expect(dirname(path)).toBe('a')
  expect(basename(path)).toMatch(/^model\.gradpool\.[0-9a-f]{16}\.tmp$/)
  expect(finalName(basename(path))).toBe('model.gradpool')
  expect(finalName('run.json.4711.tmp')).toBe('run.json')
  for (const name of ['notes.tmp', 'a.1f.tmp', 'model.gradpool', '0123456789abcdef', 'a.0123456789ABCDEF.tmp']) {
    expect(finalName(name)).toBeUndefined()
  }
})

it('deletes old temporary files and directories, and nothing else', async () => {
  const folder = await temporaryFolder()
  const outside = await temporaryFolder()
  const hex = '0123456789abcdef'
  const names = [`old.${hex}.tmp`, 'older.17.tmp', `young.${hex}.tmp`, `other.${hex}.tmp`, 'mine.tmp']
  for (const name of names) await writeFile(join(folder, name), '')
  await mkdir(join(folder, `set.${hex}.tmp`))
  await writeFile(join(folder, `set.${hex}.tmp`, 'part'), '')
  await mkdir(join(folder, `busy.${hex}.tmp`))
  await writeFile(join(folder, `busy.${hex}.tmp`, 'part'), '')
  await writeFile(join(outside, 'precious'), '')
  await symlink(outside, join(folder, `link.${hex}.tmp`))
  const then = Date.now() / 1000 - 3700
  const old = [`old.${hex}.tmp`, 'older.17.tmp', `other.${hex}.tmp`, 'mine.tmp', join(`set.${hex}.tmp`, 'part')]
  for (const name of [...old, `set.${hex}.tmp`, `busy.${hex}.tmp`]) await utimes(join(folder, name), then, then)
  await utimes(outside, then, then)
  await removeOldTemporaries(folder, (name) => name !== 'other')
  const left = [`busy.${hex}.tmp`, `link.${hex}.tmp`, 'mine.tmp', `other.${hex}.tmp`, `young.${hex}.tmp`]
  expect((await readdir(folder)).sort()).toEqual(left)
  expect(await readdir(outside)).toEqual(['precious'])
  await removeOldTemporaries(join(folder, 'none'))
})
