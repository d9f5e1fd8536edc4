/**
 * Credentials for S3: of the environment's variables, else those that the AWS SDK finds (a profile, a role of the
 * machine or of the container), where its package is installed.
 */
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cwd } from 'node:process'
import { UserError } from '@gradpool/core'
import { hasFields, isText, messageOf } from '@gradpool/storage'
import { StoreError } from './object-store.js'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export const AWS_PROVIDERS = '@aws-sdk/credential-providers'

/**
 * @param load Gives what the package of providers exports; undefined where it is not installed.
 * @throws UserError where there are none and nothing that could find them
 */
export function credentialsFrom(env: NodeJS.ProcessEnv, load = loadProviders): () => Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env
  if (accessKeyId && secretAccessKey) {
    const given = { accessKeyId, secretAccessKey, ...(token && { sessionToken: token }) }
    return () => Promise.resolve(given)
  }
  let chain: Promise<() => unknown> | undefined
  return async () => {
    chain ??= load().then(chainOf)
    const find = await chain
    try {
      // It keeps them itself, and asks again before they expire.
      return checked(await find())
    } catch (error) {
      throw new StoreError(`the AWS SDK finds no credentials for S3: ${messageOf(error)}`, { cause: error })
    }
  }
}

function chainOf(exported: unknown): () => unknown {
  if (exported === undefined) {
    throw new UserError(
      `no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or have the AWS SDK find them: npm install ${AWS_PROVIDERS}`,
    )
  }
  const make = hasFields(exported, { fromNodeProviderChain: isFunction }) ? exported.fromNodeProviderChain : undefined
  const find = make?.()
  if (isFunction(find)) return find
  throw new UserError(`${AWS_PROVIDERS} is not of a version that has fromNodeProviderChain: install version 3`)
}

function isFunction(value: unknown): value is () => unknown {
  return typeof value === 'function'
}

function checked(found: unknown): Credentials {
  if (!hasFields(found, { accessKeyId: isText, secretAccessKey: isText })) throw new Error('it gave none')
  const { accessKeyId, secretAccessKey, sessionToken } = found
  return { accessKeyId, secretAccessKey, ...(isText(sessionToken) && { sessionToken }) }
}

/** Installed where the program runs, or beside this package. */
async function loadProviders(): Promise<unknown> {
  for (const from of [join(cwd(), 'package.json'), import.meta.url]) {
    let path
    try {
      path = createRequire(from).resolve(AWS_PROVIDERS)
    } catch {
      continue
    }
    return import(pathToFileURL(path).href)
  }
  return undefined
}
