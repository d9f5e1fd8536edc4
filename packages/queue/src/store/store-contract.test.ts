/** What every store has to do: a table of stores, and of what goes wrong. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '@gradpool/core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { NotToBeHad } from '../../../../test/servers/fetched.js'
import { type S3Server, startVersitygw } from '../../../../test/servers/versitygw.js'
import { type FaultyProxy, faultyProxy } from '../testing/faulty-proxy.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { cachedStore, diskCache, memoryCache } from './blob-cache.js'
import type { BlobStore } from './blob-store.js'
import { StoreError } from './object-store.js'
import { openStore, type OpenStoreOptions } from './open-store.js'
import { sha256 } from './sha256.js'
import { serveStore } from './store-server.js'

interface Place {
  readonly address: string
  readonly options: OpenStoreOptions
  readonly store: BlobStore
  /** Where the blobs lie. */
  readonly blobs: string
  /** A store at the same place, by way of a proxy that makes faults. */
  readonly throughProxy?: () => Promise<{ store: BlobStore; proxy: FaultyProxy }>
}

const RETRIES = { tries: 4, firstMs: 2, mostMs: 10 }
const LIMITS = { idleMs: 300, connections: 4 }

let s3: S3Server | undefined

/** Every store, with a real S3 server; else a folder, behind a cache: `npm run test:queue` has all of it. */
const isWhole = process.env.GRADPOOL_STORES === 'all'

beforeAll(async () => {
  if (!isWhole) return
  try {
    s3 = await startVersitygw()
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error
    console.log(error.message)
  }
}, 900_000)

afterAll(() => s3?.stop())

async function inFolder(): Promise<Place> {
  const folder = await temporaryFolder()
  const address = `file:${folder}`
  const store = await opened(address)
  return { address, options: {}, store, blobs: join(folder, 'blobs') }
}

async function opened(address: string, options: OpenStoreOptions = {}): Promise<BlobStore> {
  const store = await openStore(address, { retries: RETRIES, limits: LIMITS, ...options })
  onTestFinished(() => store.close())
  return store
}

async function overHttp(): Promise<Place> {
  const { store, blobs } = await inFolder()
  const { address, token, close } = await serveStore(store, { mostBytes: 2e6 })
  onTestFinished(close)
  const options = { token }
  return {
    address,
    options,
    store: await opened(address, options),
    blobs,
    throughProxy: async () => {
      const proxy = await faultyProxy(address)
      return { proxy, store: await opened(proxy.url, options) }
    },
  }
}

let numPrefixes = 0

async function onS3(): Promise<Place | undefined> {
  if (s3 === undefined) return undefined
  const { endpoint, accessKeyId, secretAccessKey, region, bucket, folder } = s3
  const prefix = `some/prefix-${numPrefixes++}`
  const address = `s3://${bucket}/${prefix}`
  const env = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_S3: endpoint,
  }
  return {
    address,
    options: { env },
    store: await opened(address, { env }),
    blobs: join(folder, prefix, 'blobs'),
    throughProxy: async () => {
      const proxy = await faultyProxy(endpoint)
      return { proxy, store: await opened(address, { env: { ...env, AWS_ENDPOINT_URL_S3: proxy.url } }) }
    },
  }
}

const STORES: Readonly<Record<string, () => Promise<Place | undefined>>> = {
  file: inFolder,
  http: overHttp,
  s3: onS3,
  'http behind a cache on disk': async () => {
    const place = await overHttp()
    return { ...place, store: cachedStore(place.store, diskCache(await temporaryFolder(), 1e6)) }
  },
  'file behind a cache in memory': async () => {
    const place = await inFolder()
    return { ...place, store: cachedStore(place.store, memoryCache(1e6)) }
  },
}

const text = (content: string) => new TextEncoder().encode(content)
const MISSING = sha256(text('nobody put this'))

const SHORT = ['file', 'http behind a cache on disk']

describe.each(Object.entries(STORES).filter(([title]) => isWhole || SHORT.includes(title)))(
  'a store: %s',
  (_title, make) => {
    test('gives back what it was given, by its hash', async ({ skip }) => {
      const { store } = (await make()) ?? skip()
      for (const bytes of [text(''), text('a'), randomBytes(70_000), randomBytes(1_000_000)]) {
        const hash = await store.put(bytes)
        expect(hash).toBe(sha256(bytes))
        expect(await store.has(hash)).toBe(true)
        expect(sha256(await store.get(hash, bytes.length))).toBe(hash)
        expect(await store.put(bytes)).toBe(hash)
      }
    })

    test('has no more than what it was given', async ({ skip }) => {
      const { store } = (await make()) ?? skip()
      expect(await store.has(MISSING)).toBe(false)
      await expect(store.get(MISSING, 10)).rejects.toThrow(/^the store .* does not have blob [0-9a-f]{12}…$/)
      await expect(store.delete(MISSING)).resolves.toBeUndefined()
      const hash = await store.put(text('a'))
      await store.delete(hash)
      expect(await store.has(hash)).toBe(false)
      await expect(store.get(hash, 10)).rejects.toThrow(StoreError)
    })

    test('reads no more bytes than it may', async ({ skip }) => {
      const { store } = (await make()) ?? skip()
      const hash = await store.put(randomBytes(100_000))
      await expect(store.get(hash, 99_999)).rejects.toThrow(/100000 bytes, and 99999 is the most that are read$/)
      expect((await store.get(hash, 100_000)).length).toBe(100_000)
    })

    test('has names, which change', async ({ skip }) => {
      const { store } = (await make()) ?? skip()
      const name = `results/exact-2/${MISSING}`
      expect(await store.readName(name)).toBeUndefined()
      await store.writeName(name, text('one'))
      await store.writeName('results/exact-2.other', text('other'))
      await store.writeName(name, text('two'))
      expect(await store.readName(name)).toEqual(Buffer.from('two'))
      await store.deleteName(name)
      await store.deleteName(name)
      expect(await store.readName(name)).toBeUndefined()
      expect(await store.readName('results/exact-2.other')).toEqual(Buffer.from('other'))
      await expect(store.writeName(name, new Uint8Array(65_537))).rejects.toThrow(/65536 is the most of a name$/)
    })

    test.for([
      '../secret',
      'a/../../b',
      '/etc/passwd',
      'a//b',
      '',
      '.',
      'a/',
      'a\\b',
      'a%2f..%2fb',
      'a b',
      'ü',
      'a\nb',
      '.hidden',
      'x'.repeat(401),
    ])('refuses the name %j', async (name, { skip }) => {
      const { store } = (await make()) ?? skip()
      const refusal = /is not a name of a store: parts of letters, digits, '\.', '_' and '-', with '\/' between them$/
      await expect(store.readName(name)).rejects.toThrow(refusal)
      await expect(store.writeName(name, text('a'))).rejects.toThrow(refusal)
      await expect(store.deleteName(name)).rejects.toThrow(refusal)
    })

    test('refuses what is no hash', async ({ skip }) => {
      const { store } = (await make()) ?? skip()
      for (const hash of ['', 'abc', '../../../etc/passwd', MISSING.toUpperCase(), `${MISSING}0`]) {
        await expect(store.get(hash, 10)).rejects.toThrow(/is not a SHA-256 in hexadecimal$/)
        await expect(store.has(hash)).rejects.toThrow(UserError)
        await expect(store.delete(hash)).rejects.toThrow(UserError)
      }
    })

    test('refuses wrong bytes that lie in it', async ({ skip }) => {
      const { store, blobs } = (await make()) ?? skip()
      const hash = await store.put(text('right'))
      await writeFile(join(blobs, hash.slice(0, 2), hash), 'wrong')
      await expect(store.get(hash, 10)).rejects.toThrow(/has other bytes as blob [0-9a-f]{12}…: delete them there/)
    })

    test('takes the same from many at once', async ({ skip }) => {
      const { store } = (await make()) ?? skip()
      const blobs = Array.from({ length: 40 }, (_, index) => Buffer.alloc(3000, `blob ${index % 10}`))
      const hashes = await Promise.all(blobs.map((bytes) => store.put(bytes)))
      await Promise.all(blobs.map((bytes) => store.writeName('shared', bytes)))
      expect(new Set(hashes).size).toBe(10)
      const read = await Promise.all(hashes.map((hash) => store.get(hash, 3000)))
      expect(read.map((bytes) => sha256(bytes))).toEqual(hashes)
      expect((await store.readName('shared'))?.length).toBe(3000)
    })

    test('takes the same from processes at once', { timeout: 60_000 }, async ({ skip }) => {
      const { store, address, options } = (await make()) ?? skip()
      const program = fileURLToPath(new URL('../testing/put-blobs.mjs', import.meta.url))
      const run = () =>
        new Promise<number | null>((resolve) => {
          const args = [program, address, options.token ?? '', '20']
          const child = spawn(process.execPath, args, { env: { ...process.env, ...options.env }, stdio: 'inherit' })
          child.once('exit', resolve)
        })
      const ended = Promise.all([run(), run()])
      const lengths = new Set<number | undefined>()
      const look = async () => {
        lengths.add((await store.readName('shared'))?.length)
        return undefined
      }
      while ((await Promise.race([ended, look()])) === undefined);
      expect(await ended).toEqual([0, 0])
      // A name is never there in part.
      lengths.delete(undefined)
      expect([...lengths]).toEqual([10_000])
      expect(await store.has(sha256(Buffer.alloc(10_000, 'blob 19')))).toBe(true)
    })
  },
)

describe.each(isWhole ? (['http', 's3'] as const) : (['http'] as const))('a store that faults: %s', (title) => {
  async function faulty(): Promise<(Place & { proxy: FaultyProxy }) | undefined> {
    const place = await STORES[title]?.()
    const made = await place?.throughProxy?.()
    return place === undefined || made === undefined ? undefined : { ...place, ...made }
  }

  test.for(['error', 'slow down', 'reset', 'cut', 'changed', 'silent'] as const)(
    '%s, once',
    async (fault, { skip }) => {
      const { store, proxy } = (await faulty()) ?? skip()
      const bytes = randomBytes(100_000)
      const once = async <T>(action: () => Promise<T>) => {
        proxy.next = [fault]
        const result = await action()
        expect(proxy.next).toEqual([])
        return result
      }
      const hash = await once(() => store.put(bytes))
      expect(sha256(await once(() => store.get(hash, 100_000)))).toBe(hash)
      expect(await once(() => store.has(hash))).toBe(true)
      await once(() => store.writeName('a', text('b')))
      if (fault !== 'changed') expect(await once(() => store.readName('a'))).toEqual(Buffer.from('b'))
      await once(() => store.deleteName('a'))
      await once(() => store.delete(hash))
      expect(await store.has(hash)).toBe(false)
    },
  )

  test.for([
    ['error', 'it answered with 500, tried 4 times'],
    ['slow down', 'it answered with 503, tried 4 times'],
    ['reset', 'the connection was broken, tried 4 times'],
    ['cut', 'the connection was broken, tried 4 times'],
    ['silent', 'nothing came for 0.3 s, tried 4 times'],
    ['changed', 'delete them there'],
  ] as const)('%s, always: one sentence', async ([fault, end], { skip }) => {
    const { store, proxy } = (await faulty()) ?? skip()
    const hash = await store.put(randomBytes(100_000))
    proxy.always = fault
    const failure = await store.get(hash, 100_000).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StoreError)
    expect(String(failure)).toMatch(new RegExp(`${end}$`))
    expect(String(failure)).not.toMatch(/\n/)
  })

  test('500s at random lose nothing', async ({ skip }) => {
    const { store, proxy, blobs } = (await faulty()) ?? skip()
    const contents = Array.from({ length: 30 }, () => randomBytes(1000))
    // The same each time: every third and every fourth.
    proxy.next = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 || index % 7 === 1 ? 'error' : 'none'))
    const outcomes = await Promise.allSettled(contents.map((bytes) => store.put(bytes)))
    proxy.next = []
    for (const [index, outcome] of outcomes.entries()) {
      const hash = sha256(contents[index] ?? text(''))
      if (outcome.status === 'fulfilled') expect(sha256(await store.get(hash, 1000))).toBe(hash)
      else expect(outcome.reason).toBeInstanceOf(StoreError)
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(25)
    expect((await readdir(blobs)).length).toBeGreaterThan(0)
  })

  test('an upload that breaks off is never seen', async ({ skip }) => {
    const { store, proxy, blobs } = (await faulty()) ?? skip()
    const bytes = randomBytes(1_500_000)
    proxy.next = ['none']
    proxy.always = 'reset'
    await expect(store.put(bytes)).rejects.toThrow(StoreError)
    expect(await readdir(join(blobs, sha256(bytes).slice(0, 2))).catch(() => [])).toEqual([])
  })

  test('what is there is not sent again, but for little', async ({ skip }) => {
    const { store, proxy } = (await faulty()) ?? skip()
    const bytes = randomBytes(100_000)
    for (let time = 0; time < 3; time++) await store.put(bytes)
    expect(proxy.asked.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'PUT', 'HEAD', 'HEAD'])
  })
})

test('a blob that was cut short in a folder is refused', async () => {
  const { store, blobs } = await inFolder()
  const hash = await store.put(randomBytes(1000))
  const path = join(blobs, hash.slice(0, 2), hash)
  await writeFile(path, (await readFile(path)).subarray(0, 500))
  await expect(store.get(hash, 1000)).rejects.toThrow(/has other bytes/)
  await rm(path)
  await expect(store.get(hash, 1000)).rejects.toThrow(/does not have/)
})

test.for([
  ['AWS_SECRET_ACCESS_KEY', 'other', 'the secret of the access key is another'],
  ['AWS_ACCESS_KEY_ID', 'other', 'it does not know this access key'],
  ['bucket', 's3://other-bucket', 'there is no such bucket'],
] as const)('S3 with another %s: one sentence', async ([name, value, sentence], { skip }) => {
  const place = (await onS3()) ?? skip()
  const env = { ...place.options.env, ...(name !== 'bucket' && { [name]: value }) }
  const store = await opened(name === 'bucket' ? value : place.address, { env })
  await expect(store.put(randomBytes(100))).rejects.toThrow(new RegExp(`^cannot write blob .*: ${sentence}$`))
  await expect(store.readName('a')).rejects.toThrow(new RegExp(`^cannot read 'a' in the store s3:.*: ${sentence}$`))
})
