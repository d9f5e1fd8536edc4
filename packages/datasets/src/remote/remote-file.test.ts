import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { csv, loadDataset, npy, surveyFile } from '../index.js'
import { npyBytes } from '../testing/numpy-files.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'
import { localFile } from './remote-file.js'

const table = 'a,y\n1,2\n3,4\n'
const hashOf = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

beforeEach(async () => {
  vi.stubEnv('GRADPOOL_CACHE', await tempFolder())
  return () => vi.unstubAllEnvs()
})

/** @returns the address of the server, without a slash at its end */
async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a file is fetched once, also where several data sets read it at once', async () => {
  const listener = vi.fn<RequestListener>((_, response) => response.end(table))
  const path = `${await served(listener)}/a/houses.csv?version=2#sha256=${hashOf(table)}`
  const datasets = await Promise.all([1, 0].map((test) => loadDataset(csv(path, { target: 'y', test }))))
  const [{ name, fields, columns }] = datasets as [(typeof datasets)[0]]
  expect([name, columns, fields.train.x?.values]).toEqual(['houses.csv', ['a'], Float32Array.of(1, 3)])
  expect((await surveyFile(path)).rows).toBe(2)
  expect(listener).toHaveBeenCalledTimes(1)
  const file = await localFile(path)
  expect(await readdir(dirname(file))).toEqual(['houses.csv'])
  // A copy that was changed is not taken.
  await writeFile(file, 'a,y\n1,5\n3,4\n')
  expect(await readFile(await localFile(path), 'utf8')).toBe(table)
  expect(listener).toHaveBeenCalledTimes(2)
})

test('each of several files', async () => {
  const files = new Map([
    ['/x', npyBytes('<f4', [2], Float32Array.of(1, 2))],
    ['/y', npyBytes('<f4', [2], Float32Array.of(3, 4))],
  ])
  const address = await served(({ url = '' }, response) => response.end(files.get(url)))
  const addressOf = (name: string) => `${address}${name}#sha256=${hashOf(files.get(name) ?? '')}`
  const { fields } = await loadDataset(npy({ x: addressOf('/x'), y: addressOf('/y') }))
  expect(Object.values(fields.train).map(({ values }) => [...values])).toEqual([
    [1, 2],
    [3, 4],
  ])
})

test('what is on this machine stays where it is', async () => {
  expect(await localFile('data/houses.csv')).toBe('data/houses.csv')
})

test('one sentence for what is wrong, and nothing is left of it', async () => {
  const address = await served(({ url }, response) => {
    if (url === '/none') response.writeHead(404).end('no such file')
    else if (url === '/short') response.writeHead(200, { 'content-length': 100 }).write('a', () => response.destroy())
    else response.end(table)
  })
  const wanted = `#sha256=${hashOf('another')}`
  const wrong = [
    ['/a.csv', / has no SHA-256: write http.*\/a\.csv#sha256=… with its 64 digits, as `curl -sL http.*` prints them$/],
    ['/a.csv#sha256=12', / has no SHA-256/],
    [`/a.csv${wanted}`, /a\.csv is not the file that was meant: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}$/],
    [`/none${wanted}`, /\/none cannot be fetched: the server answers 404 Not Found$/],
    [`/short${wanted}`, /\/short cannot be fetched: /],
  ] as const
  for (const [path, message] of wrong) {
    expect(await userErrorOf(() => localFile(`${address}${path}`))).toMatch(message)
  }
  const nobody = `http://127.0.0.1:1/a${wanted}`
  expect(await userErrorOf(() => localFile(nobody))).toMatch(/^http:\/\/127\.0\.0\.1:1\/a cannot be fetched: /)
  const cache = join(process.env.GRADPOOL_CACHE ?? '', 'data')
  expect(await readdir(join(cache, hashOf('another')))).toEqual([])
  await writeFile(join(cache, 'file'), '')
  vi.stubEnv('GRADPOOL_CACHE', join(cache, 'file'))
  expect(await userErrorOf(() => localFile(`${address}/a${wanted}`))).toMatch(
    /, for files that were fetched, cannot be/,
  )
})
