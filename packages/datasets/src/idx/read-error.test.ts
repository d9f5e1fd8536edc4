import { UserError } from '@gradpool/core'
import { expect, it } from 'vitest'
import { readError } from './read-error.js'

function withCode(code: unknown): Error {
  return Object.assign(new Error('as the system says'), { code, syscall: 'open' })
}

it.each([
  ['ENOENT', 'is missing, expected a file'],
  ['ENOTDIR', 'is missing: a part of its path is not a directory'],
  ['EISDIR', 'is a directory, expected a file'],
  ['ELOOP', 'cannot be read: its symbolic links lead in a circle'],
  ['ENAMETOOLONG', 'cannot be read: the name is too long'],
  ['EIO', 'cannot be read: input/output error'],
  ['EBUSY', 'cannot be read: as the system says'],
  ['Z_BUF_ERROR', 'is cut short: its gzip data ends too early'],
  ['Z_DATA_ERROR', 'is damaged: zlib found "as the system says", expected gzip data and nothing after it'],
])('%s is told in a sentence that names the file, and kept as its cause', (code, sentence) => {
  const cause = withCode(code)
  const error = readError('a file', cause)
  expect(error).toBeInstanceOf(UserError)
  expect(error).toMatchObject({ message: `a file ${sentence}`, cause })
})

it('what is no error of the system or of zlib stays as it is', () => {
  for (const error of [new Error('a fault'), withCode(3), 'a text', undefined, { code: 'ENOENT' }]) {
    expect(readError('a file', error)).toBe(error)
  }
})
