import { UserError } from '@gradpool/core'
import { expect, test } from 'vitest'
import { StoreError } from './object-store.js'
import { credentialsFrom } from './s3-credentials.js'

const [accessKeyId, secretAccessKey, sessionToken] = ['key', 'secret', 'session']
const providers = (find: () => unknown) => () => Promise.resolve({ fromNodeProviderChain: () => find })

test('those of the environment come first', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }
  const load = () => Promise.reject(new Error('it is not asked for'))
  expect(await credentialsFrom(env, load)()).toEqual({ accessKeyId, secretAccessKey })
  const withSession = { ...env, AWS_SESSION_TOKEN: 'session' }
  expect(await credentialsFrom(withSession, load)()).toEqual({ accessKeyId, secretAccessKey, sessionToken })
})

test('else those that the AWS SDK finds, asked for each time, as they expire', async () => {
  let asked = 0
  const find = () => Promise.resolve({ accessKeyId: `key ${++asked}`, secretAccessKey, sessionToken, expiration: 1 })
  const credentials = credentialsFrom({}, providers(find))
  expect(await credentials()).toEqual({ accessKeyId: 'key 1', secretAccessKey, sessionToken })
  expect(await credentials()).toEqual({ accessKeyId: 'key 2', secretAccessKey, sessionToken })
})

test('else one sentence says how to give them', async () => {
  const credentials = credentialsFrom({}, () => Promise.resolve(undefined))
  await expect(credentials()).rejects.toThrow(
    'no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or have the AWS SDK find them: npm install @aws-sdk/credential-providers',
  )
  await expect(credentials()).rejects.toThrow(UserError)
})

test('the SDK that finds none, and one of another version', async () => {
  const none = credentialsFrom(
    {},
    providers(() => Promise.reject(new Error('no providers'))),
  )
  await expect(none()).rejects.toThrow('the AWS SDK finds no credentials for S3: no providers')
  await expect(none()).rejects.toThrow(StoreError)
  const empty = credentialsFrom(
    {},
    providers(() => ({ accessKeyId })),
  )
  await expect(empty()).rejects.toThrow('the AWS SDK finds no credentials for S3: it gave none')
  const other = credentialsFrom({}, () => Promise.resolve({}))
  await expect(other()).rejects.toThrow(/is not of a version that has fromNodeProviderChain: install version 3$/)
})
