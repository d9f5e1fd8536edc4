/**
 * What goes wrong when a file is read, told as one sentence that names the file.
 */
import { UserError } from '@gradpool/core'
import { reasonOf } from '@gradpool/storage'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is missing, expected a file',
  ENOTDIR: 'is missing: a part of its path is not a directory',
  EISDIR: 'is a directory, expected a file',
}

/**
 * A UserError for an error of the operating system or of zlib; any other error stays as it is.
 *
 * @param format of a file that is unpacked
 */
export function readError(path: string, error: unknown, format = 'gzip'): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const options = { cause: error }
  const reason = reasons[error.code]
  if (reason !== undefined) return new UserError(`${path} ${reason}`, options)
  if (error.code === 'Z_BUF_ERROR') {
    return new UserError(`${path} is cut short: its ${format} data ends too early`, options)
  }
  if (/^Z(?:STD)?_/.test(error.code)) {
    const expected = `expected ${format} data and nothing after it`
    return new UserError(`${path} is damaged: zlib found "${error.message}", ${expected}`, options)
  }
  return new UserError(`${path} cannot be read: ${reasonOf(error)}`, options)
}
