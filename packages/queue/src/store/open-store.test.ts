import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UserError } from '@gradpool/core'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { openServedStore, openStore } from './open-store.js'

const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
const token = 'token'

test('addresses are as people wrote them, without what is secret', async () => {
  const folder = await temporaryFolder()
  expect((await openStore(`file:${folder}/new/store`)).address).toBe(`file:${folder}/new/store`)
  expect((await openStore(pathToFileURL(folder).href)).address).toBe(`file:${folder}`)
  expect((await openStore('s3://bucket', { env })).address).toBe('s3://bucket')
  expect((await openStore('s3://bucket/a/b-c/', { env })).address).toBe('s3://bucket/a/b-c')
  expect((await openStore('http://host:80/', { token })).address).toBe('http://host')
  expect((await openStore('https://host:1234', { token })).address).toBe('https://host:1234')
})

test.each([
  ['redis://host', /^'redis:\/\/host' is no address of a store: it is 'file:FOLDER', 's3:\/\/BUCKET\/PREFIX' or 'http/],
  ['ftp://me:secret@host', /^'ftp:\/\/…@host' is no address of a store/],
  ['/a/folder', /^'\/a\/folder' is no address of a store/],
  ['file:', /^the store's address 'file:' names no folder$/],
  ['file://host/folder', /^the store's address 'file:\/\/host\/folder' names no folder of this machine$/],
  ['s3://', /^the store's address 's3:\/\/' is not s3:\/\/BUCKET\/PREFIX$/],
  ['s3://Bucket', /is not s3:\/\/BUCKET\/PREFIX$/],
  ['s3://bucket/../other', /is not s3:\/\/BUCKET\/PREFIX$/],
  [`s3://bucket/${'a'.repeat(50_000)} `, /is not s3:\/\/BUCKET\/PREFIX$/],
  ['http://host:1234', /^the store http:\/\/host:1234 needs a token$/],
])('refuses %.40s', async (address, sentence) => {
  const failure: unknown = await openStore(address, { env }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(UserError)
  expect(failure).toHaveProperty('message', expect.stringMatching(sentence))
})

test.each(['http://me:secret@host', 'http://host?token=secret', 'http://host#secret'])(
  'refuses %s',
  async (address) => {
    const sentence = 'the address of a store is http://HOST:PORT alone; its token is given apart'
    await expect(openStore(address, { token })).rejects.toThrow(sentence)
  },
)

test('refuses a token that no header takes', async () => {
  const failure = openStore('http://host', { token: 'secret\r\nx: y' })
  await expect(failure).rejects.toThrow(/^the token of the store http:\/\/host is none$/)
})

test('says where no folder can be', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'file'), '')
  await expect(openStore(`file:${folder}/file/store`)).rejects.toThrow(
    /^cannot make the store's folder '.*\/file\/store': a part of the path is not a directory$/,
  )
  await mkdir(join(folder, 'store'))
  await writeFile(join(folder, 'store', 'incoming'), '')
  const store = await openStore(`file:${folder}/store`)
  await expect(store.put(Buffer.from('a'))).rejects.toThrow(
    /^cannot write blob .*… in the store file:.*: a part of the path is not a directory$/,
  )
})

test('an endpoint of S3 is an address', async () => {
  const failure = openStore('s3://bucket', { env: { ...env, AWS_ENDPOINT_URL: 'minio' } })
  await expect(failure).rejects.toThrow(
    'AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL are addresses such as https://HOST:PORT',
  )
})

test.each(['file:/etc', 's3://bucket', '/etc', 'http:', ''])('a job does not lead to %j', (address) => {
  const sentence = `'${address}' is not the address of a store over HTTP`
  expect(() => openServedStore({ address, token })).toThrow(sentence)
})
