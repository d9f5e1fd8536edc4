/**
 * What goes wrong when a file is read, told as one sentence that names the file.
 */
import { UserError } from '@gradpool/core'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is missing, expected a file',
  ENOTDIR: 'is missing: a part of its path is not a directory',
  EISDIR: 'is a directory, expected a file',
  ELOOP: 'cannot be read: its symbolic links go round in a circle',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  Z_BUF_ERROR: 'is cut short: its gzip data ends too early',
}

/** A UserError for an error of the operating system or of zlib; any other error stays as it is. */
export function readError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const options = { cause: error }
  const reason = reasons[error.code]
  if (reason !== undefined) return new UserError(`${path} ${reason}`, options)
  if (error.code.startsWith('Z_')) {
    const expected = 'expected gzip data and nothing after it'
    return new UserError(`${path} is damaged: zlib found "${error.message}", ${expected}`, options)
  }
  return new UserError(`${path} cannot be read: ${error.message}`, options)
}
