import { PassThrough } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { outputClosed } from './output-closed.js'

function streams() {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const onClosed = vi.fn()
  outputClosed(stdout, stderr).listen(onClosed)
  const fail = (stream: PassThrough, code: string) =>
    stream.emit('error', Object.assign(new Error(`${code}: it failed, write`), { code }))
  return { stdout, stderr, onClosed, fail, told: () => String(stderr.read() ?? '') }
}

it('tells once, and in silence, of a stream that nobody reads', () => {
  const { stdout, onClosed, fail, told } = streams()
  fail(stdout, 'EPIPE')
  fail(stdout, 'EPIPE')
  expect(onClosed).toHaveBeenCalledTimes(1)
  expect(told()).toBe('')
})

it('says on the other stream that a file takes no more', () => {
  const { stdout, stderr, onClosed, fail, told } = streams()
  fail(stdout, 'ENOSPC')
  fail(stdout, 'ENOSPC')
  fail(stderr, 'ENOSPC')
  expect(onClosed).toHaveBeenCalledTimes(1)
  expect(told()).toBe('The output cannot be written: ENOSPC: it failed, write\n')
})

it('leaves all else to be a defect', () => {
  const { stdout, fail } = streams()
  expect(() => fail(stdout, 'EBADF')).toThrow('EBADF')
})
