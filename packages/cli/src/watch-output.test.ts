import { PassThrough } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { watchOutput } from './watch-output.js'

function streams() {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const onEnd = vi.fn()
  const { listen, hasFailed } = watchOutput(stdout, stderr)
  listen(onEnd)
  const fail = (stream: PassThrough, code: string) =>
    stream.emit('error', Object.assign(new Error(`${code}: it failed, write`), { code }))
  return { stdout, stderr, listen, onEnd, hasFailed, fail, said: () => String(stderr.read() ?? '') }
}

it('reports once, and in silence, a stream that its reader closed', () => {
  const { stdout, listen, onEnd, hasFailed, fail, said } = streams()
  fail(stdout, 'EPIPE')
  fail(stdout, 'EPIPE')
  listen(onEnd)
  expect(onEnd.mock.calls).toEqual([['its output was closed'], ['its output was closed']])
  expect({ failed: hasFailed(), said: said() }).toEqual({ failed: false, said: '' })
})

it.each(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EBADF'])('has failed if stdout takes no more: %s', (code) => {
  const { stdout, onEnd, hasFailed, fail, said } = streams()
  fail(stdout, code)
  fail(stdout, code)
  expect(onEnd.mock.calls).toEqual([['its output cannot be written']])
  expect({ failed: hasFailed(), said: said() }).toEqual({
    failed: true,
    said: 'Cannot write the output: it failed\n',
  })
})

it('has not failed if only stderr takes no more', () => {
  const { stderr, onEnd, hasFailed, fail, said } = streams()
  fail(stderr, 'ENOSPC')
  expect(onEnd).toHaveBeenCalledTimes(1)
  expect({ failed: hasFailed(), said: said() }).toEqual({ failed: false, said: '' })
})
