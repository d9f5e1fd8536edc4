import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseQueueAddress, queueAddress } from './queue-address.js'

it.each([
  ['redis://host', 'redis', 'redis://host:6379'],
  ['redis://host:1/0', 'redis', 'redis://host:1'],
  ['rediss://me:secret@host/3', 'redis', 'rediss://me@host:6379/3'],
  ['redis://[::1]:7', 'redis', 'redis://[::1]:7'],
  ['postgres://me:secret@host/name', 'postgres', 'postgres://me@host:5432/name'],
])('%s is of %s, and shown as %s', (text, kind, shown) => {
  const address = parseQueueAddress(text, 'it')
  expect(address).toMatchObject({ kind, shown })
  expect(shown).not.toContain('secret')
})

it.each([
  '',
  'host:6379',
  'http://host',
  'redis://',
  'redis://host/name',
  'postgres://host',
  'redis://host?password=secret',
])('refuses %j without saying it', (text) => {
  expect(() => parseQueueAddress(text, '--queue')).toThrow(/^--queue (must|has)/)
  expect(() => parseQueueAddress(text, '--queue')).not.toThrow(/secret/)
})

it('takes passwords from the variable and the file, for the queue that is meant', () => {
  const variable = 'redis://:secret@host:6379'
  expect(queueAddress({ variable }).secret).toContain('secret')
  expect(queueAddress({ address: 'redis://host', variable }).secret).toContain('secret')
  expect(queueAddress({ address: 'redis://other', variable }).secret).not.toContain('secret')
  const file = join(tmpdir(), `gradpool-queue-address-${process.pid}`)
  writeFileSync(file, `${variable}\n`)
  expect(queueAddress({ address: 'redis://host', file }).secret).toContain('secret')
  expect(() => queueAddress({ address: 'redis://other', file })).toThrow('--queue is redis://other:6379, and the file')
  expect(() => queueAddress({ address: variable })).toThrow(/^A password on the command line/)
  expect(() => queueAddress({})).toThrow('Say which queue')
})
