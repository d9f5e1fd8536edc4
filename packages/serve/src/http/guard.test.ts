import { describe, expect, it } from 'vitest'
import { type Caller, type GuardOptions, refusalOf } from './guard.js'

const status = (caller: Partial<Caller>, options: GuardOptions = {}) =>
  refusalOf(
    { path: '/v2/models', host: '127.0.0.1:8000', origin: undefined, authorization: undefined, ...caller },
    options,
  )?.status

describe('without a token', () => {
  it.each(['127.0.0.1', '127.0.0.1:8000', 'localhost:1', 'LOCALHOST', '[::1]:8000'])('%s may ask', (host) => {
    expect(status({ host })).toBeUndefined()
  })

  it.each([
    ...['evil.com', 'localhost.evil.com', '127.0.0.1.evil.com:80', 'evil.com:8000', '', undefined],
    ...['localhost:8000@evil.com', 'evil.com#localhost', '127.0.0.1:999999', '0.0.0.0', '[::1', 'localhost '],
  ])('the host %s may not', (host) => {
    expect(status({ host })).toBe(403)
  })

  it('a page of this server may ask, and no other', () => {
    expect(status({ origin: 'http://127.0.0.1:8000' })).toBeUndefined()
    const others = ['http://evil.com', 'http://127.0.0.1:3000', 'http://localhost:8000', 'null', '', 'file://', 'x']
    for (const origin of others) expect(status({ origin }), origin).toBe(403)
  })

  it('a further name may be given, but not any', () => {
    expect(status({ host: 'models.lan' }, { hosts: ['models.lan'] })).toBeUndefined()
    expect(status({ host: 'models.lan', origin: 'https://models.lan' }, { hosts: ['models.lan'] })).toBeUndefined()
    expect(status({ host: 'evil.com' }, { hosts: ['*'] })).toBe(403)
  })
})

describe('with a token', () => {
  const options = { token: 'secret', hosts: ['*'], open: ['/v2/health/live'] }
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  it.each(['Bearer secret', 'bearer secret', basic(':secret'), basic('me:secret')])('%s may ask', (authorization) => {
    expect(status({ authorization, host: 'any.where' }, options)).toBeUndefined()
  })

  it.each([
    ...[
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer Secret',
      'Bearer secre',
      'Bearer secret2',
      'secret',
      'Digest secret',
    ],
    ...[basic('secret'.slice(1)), basic(':'), 'Basic', 'Basic !!!'],
  ])('%s may not', (authorization) => {
    expect(status({ authorization }, options)).toBe(401)
  })

  it('is not needed to see whether the server lives', () => {
    expect(status({ path: '/v2/health/live' }, options)).toBeUndefined()
    expect(status({ path: '/v2/health/live/../../models' }, options)).toBe(401)
  })

  it('does not help a page of another site', () => {
    expect(status({ authorization: 'Bearer secret', origin: 'http://evil.com' }, options)).toBe(403)
  })

  it('is taken from the cookie of that name, where there is one', () => {
    const withCookie = { ...options, cookie: 'mine' }
    expect(status({ cookie: 'a=b; mine=secret' }, withCookie)).toBeUndefined()
    for (const cookie of ['mine=secret2', 'mine=', 'xmine=secret', 'other=secret', 'mine=Secret', undefined]) {
      expect(status({ cookie }, withCookie), String(cookie)).toBe(401)
    }
    expect(status({ cookie: 'mine=secret' }, options)).toBe(401)
    expect(status({ cookie: 'mine=secret', origin: 'http://evil.com' }, withCookie)).toBe(403)
  })
})
