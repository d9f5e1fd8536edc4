/**
 * Objects of a bucket of S3, or of another server that speaks its protocol. Each request is signed by aws4fetch, with
 * the SHA-256 of its bytes: the server takes no others.
 */
import { UserError } from '@gradpool/core'
import { AwsV4Signer } from 'aws4fetch'
import { asStoreError } from './http-objects.js'
import { HTTP_LIMITS, httpClient, type HttpAnswer, type HttpLimits, type HttpRequest } from './http-request.js'
import { type ObjectKey, type ObjectStore, pathOf, storeError, titleOf } from './object-store.js'
import { RETRIES, type RetryRule, TemporaryFailure, withRetries } from './retries.js'
import { credentialsFrom } from './s3-credentials.js'
import { sha256 } from './sha256.js'

export interface S3Options {
  readonly bucket: string
  /** Of all keys, without '/' at its ends; '' for none. */
  readonly prefix: string
  /** For `AWS_ENDPOINT_URL_S3`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and others of the AWS SDK. */
  readonly env: NodeJS.ProcessEnv
  readonly retries?: RetryRule
  readonly limits?: HttpLimits
}

const ASKS_FROM_BYTES = 65_536
/** Of one request; what has more has to be sent in parts. */
const MOST_BYTES = 5e9
const NOTHING = new Uint8Array(0)
/** Codes of answers of S3 that are no 5xx and yet temporary. */
const FOR_NOW = ['RequestTimeout', 'OperationAborted', 'SlowDown', 'ConditionalRequestConflict']

export function s3Objects(options: S3Options): ObjectStore {
  const { bucket, prefix, env, retries = RETRIES, limits = HTTP_LIMITS } = options
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1'
  const endpoint = endpointOf(env, region)
  const address = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
  const credentials = credentialsFrom(env)
  const client = httpClient(limits)
  /** Keys of a day, derived from the secret. */
  const cache = new Map<string, ArrayBuffer>()

  async function signed(key: ObjectKey, { method, body, most }: Pick<HttpRequest, 'method' | 'body' | 'most'>) {
    const path = [bucket, ...(prefix === '' ? [] : [prefix]), pathOf(key)].join('/')
    const signer = new AwsV4Signer({
      ...(await credentials()),
      method,
      url: `${endpoint}/${path}`,
      headers: { 'x-amz-content-sha256': body && 'blob' in key ? key.blob : sha256(body ?? NOTHING) },
      service: 's3',
      region,
      cache,
    })
    const { url, headers } = await signer.sign()
    const made = Object.fromEntries([...headers].filter(([name]) => name !== 'host'))
    return { method, url, headers: made, ...(body && { body }), ...(most !== undefined && { most }) }
  }

  async function send(
    key: ObjectKey,
    what: string,
    request: Pick<HttpRequest, 'method' | 'body' | 'most'>,
  ): Promise<HttpAnswer> {
    try {
      return await withRetries(retries, async () => {
        // Signed anew each time: a signature is only taken for a quarter of an hour.
        const answer = await client.send(await signed(key, request))
        if (FOR_NOW.includes(codeIn(answer) ?? '')) throw new TemporaryFailure(reasonIn(answer))
        return answer
      })
    } catch (error) {
      throw asStoreError(error, `${what} ${titleOf(key)}`, address, retries)
    }
  }

  const refused = (key: ObjectKey, what: string, answer: HttpAnswer) =>
    storeError(`${what} ${titleOf(key)}`, address, reasonIn(answer))
  // Other things may be absent, such as the bucket; an answer to HEAD does not say what.
  const isAbsent = (answer: HttpAnswer) => answer.status === 404 && (codeIn(answer) ?? 'NoSuchKey') === 'NoSuchKey'

  return {
    address,
    asksFromBytes: ASKS_FROM_BYTES,
    async read(key, most) {
      const answer = await send(key, 'cannot read', { method: 'GET', most })
      if (answer.status === 200) return answer.body
      if (isAbsent(answer)) return undefined
      throw refused(key, 'cannot read', answer)
    },
    async write(key, bytes) {
      if (bytes.length > MOST_BYTES) {
        const reason = `it has ${bytes.length} bytes, and S3 takes ${MOST_BYTES} at once`
        throw storeError(`cannot write ${titleOf(key)}`, address, reason)
      }
      const answer = await send(key, 'cannot write', { method: 'PUT', body: bytes })
      if (answer.status !== 200) throw refused(key, 'cannot write', answer)
    },
    async has(key) {
      const answer = await send(key, 'cannot look for', { method: 'HEAD' })
      if (answer.status === 200 || isAbsent(answer)) return answer.status === 200
      throw refused(key, 'cannot look for', answer)
    },
    async delete(key) {
      const answer = await send(key, 'cannot delete', { method: 'DELETE' })
      if (answer.status !== 204 && answer.status !== 200 && !isAbsent(answer))
        throw refused(key, 'cannot delete', answer)
    },
    close: () => {
      client.close()
      return Promise.resolve()
    },
  }
}

/** The bucket is a part of the path, which every server takes. */
function endpointOf(env: NodeJS.ProcessEnv, region: string): string {
  const given = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL
  if (given === undefined || given === '') return `https://s3.${region}.amazonaws.com`
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given.replace(/\/+$/, '')
  throw new UserError(`AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL are addresses such as https://HOST:PORT`)
}

function codeIn({ body }: HttpAnswer): string | undefined {
  return /<Code>(\w{1,80})<\/Code>/.exec(new TextDecoder().decode(body.subarray(0, 16_384)))?.[1]
}

const WORDS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket',
  InvalidAccessKeyId: 'it does not know this access key',
  /** Of versitygw. */
  XAdminUserNotFound: 'it does not know this access key',
  SignatureDoesNotMatch: 'the secret of the access key is another',
  AccessDenied: 'this access key may not do that (it needs s3:GetObject, PutObject, DeleteObject and ListBucket)',
  ExpiredToken: 'the session of the credentials has ended',
  RequestTimeTooSkewed: 'the clock of this machine is off by more than a quarter of an hour',
  PermanentRedirect: 'the bucket is in another region: say so in AWS_REGION',
  AuthorizationHeaderMalformed: 'the bucket is in another region: say so in AWS_REGION',
}

function reasonIn(answer: HttpAnswer): string {
  const code = codeIn(answer)
  const known = code === undefined ? undefined : WORDS[code]
  if (known !== undefined) return known
  if (code !== undefined) return `it answered with ${answer.status}, ${code}`
  if (answer.status === 301) return WORDS.PermanentRedirect ?? ''
  return answer.status === 403 ? (WORDS.AccessDenied ?? '') : `it answered with ${answer.status}`
}
