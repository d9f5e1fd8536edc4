import { mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { codeOf, fileErrorSentence, reasonOf } from './file-errors.js'
import { temporaryFolder } from './testing/temporary-folder.js'

const errorOf = (failing: () => Promise<unknown>) =>
  failing().then(
    () => undefined,
    (error: unknown) => error,
  )

it.skipIf(process.platform === 'win32')('says in a sentence what the file system throws', async () => {
  const folder = await temporaryFolder()
  const path = (name: string) => join(folder, name)
  await writeFile(path('file'), '')
  await symlink('loop', path('loop'))
  const long = 'n'.repeat(300)
  for (const [failing, code, sentence] of [
    [() => readFile(path('none')), 'ENOENT', `Cannot open '${path('none')}': no such file or directory`],
    [() => stat(path('file/x')), 'ENOTDIR', `Cannot read '${path('file/x')}': a part of the path is not a directory`],
    [() => open(path(long)), 'ENAMETOOLONG', `Cannot open '${path(long)}': the name is too long`],
    [() => readFile(path('loop')), 'ELOOP', `Cannot open '${path('loop')}': its symbolic links lead in a circle`],
    [() => readFile(folder), 'EISDIR', 'Cannot read a file: it is a directory, not a file'],
    [() => mkdir(path('file')), 'EEXIST', `Cannot make the directory '${path('file')}': file already exists`],
    [() => readdir(path('none')), 'ENOENT', `Cannot read '${path('none')}': no such file or directory`],
  ] as const) {
    const error = await errorOf(failing)
    expect(codeOf(error)).toBe(code)
    expect(fileErrorSentence(error)).toBe(sentence)
  }
})

it.each([
  [
    'EMFILE',
    'open',
    'too many open files',
    'Cannot open a file: too many files are open; `ulimit -n` raises the limit',
  ],
  ['ENOSPC', 'write', 'no space left on device', 'Cannot write a file: no space left on device'],
  ['EACCES', 'fsync', 'permission denied', 'Cannot write a file: permission denied'],
])('says what %s means where there is no path', (code, syscall, words, sentence) => {
  const error = Object.assign(new Error(`${code}: ${words}, ${syscall}`), { code, syscall })
  expect(fileErrorSentence(error)).toBe(sentence)
  expect(reasonOf(error)).toBe(sentence.replace(/^.*?: /, ''))
})

it('leaves other errors alone', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
  for (const error of [new TypeError('a defect'), refused, 'text', undefined]) {
    expect(fileErrorSentence(error)).toBeUndefined()
  }
})
