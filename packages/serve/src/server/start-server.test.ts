import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@gradpool/core'
import { Mutations } from '@gradpool/engine-contract/mutations'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { digitsModel } from '../testing/small-models.js'
import { type Server, type ServerOptions, startServer } from './start-server.js'

let folder = ''
let digits = ''
let server: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-serve-'))
  digits = join(folder, 'digits.gradpool')
  await writeFile(digits, digitsModel())
  server = await start()
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

function start(options: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({ files: [{ name: 'digits', path: digits }], port: 0, lookEvery: 0, ...options })
}

async function started(options: Partial<ServerOptions>): Promise<Server> {
  const made = await start(options)
  onTestFinished(() => made.close(0))
  return made
}

const rowOf = (values: readonly number[]) => ({
  inputs: [{ name: 'x', shape: [values.length / 4, 4], datatype: 'FP32', data: values }],
})

const post = (address: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${address}/v2/models/digits/infer`, { method: 'POST', body, headers })

/** The status of a request as it stands, whatever a client would make of it. */
function rawStatus(address: string, lines: readonly string[]): Promise<number> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => (text += part))
    socket.on('error', reject).on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])))
  })
}

describe('the server', () => {
  it('answers in JSON and bytes, whatever the type of the content is said to be', async () => {
    const row = JSON.stringify(rowOf([1, 2, 3, 4]))
    const answers = await Promise.all(
      ['application/json', 'text/plain', 'application/x-www-form-urlencoded', ''].map(async (type) => {
        const answer = await post(server.address, row, type === '' ? {} : { 'content-type': type })
        const told: unknown = await answer.json()
        return { status: answer.status, told }
      }),
    )
    for (const answer of answers) expect(answer).toEqual({ status: 200, told: answers[0]?.told })
    const binary = await post(server.address, new Uint8Array(16), { 'inference-header-content-length': '0' })
    expect(binary.status).toBe(200)
    expect(binary.headers.get('content-type')).toBe('application/octet-stream')
  })

  it('has a page, a description of its models, and metrics', async () => {
    const { models } = server
    const get = async (path: string) => (await fetch(`${server.address}${path}`)).text()
    const page = await fetch(`${server.address}/`)
    expect(page.url).toMatch(/\/docs$/)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self';/)
    expect(await page.text()).toMatch(/swagger-ui-bundle\.js/)
    const described = JSON.parse(await get('/openapi.json')) as { openapi: string; paths: Record<string, object> }
    expect(described.openapi).toBe('3.1.0')
    expect(described.paths['/v2/models/digits/infer']).toMatchObject({
      post: {
        requestBody: {
          content: {
            'application/json': {
              schema: { properties: { inputs: { items: { oneOf: [{ title: 'x' }] } } } },
              example: rowOf([0, 0, 0, 0]),
            },
          },
        },
      },
    })
    expect(JSON.parse(await get('/docs/json'))).toEqual(described)
    await post(server.address, JSON.stringify(rowOf([1, 2, 3, 4, 5, 6, 7, 8])))
    await post(server.address, 'x')
    const metrics = await get('/metrics')
    for (const line of [
      /^gradpool_requests_total\{model="digits",status="200"\} \d+$/m,
      /^gradpool_requests_total\{model="digits",status="400"\} 1$/m,
      /^gradpool_rows_total\{model="digits"\} \d+$/m,
      /^gradpool_request_seconds_count\{model="digits"\} \d+$/m,
      /^gradpool_batch_rows_sum\{model="digits"\} \d+$/m,
      /^gradpool_waiting_rows\{model="digits"\} 0$/m,
      /^process_cpu_seconds_total /m,
    ]) {
      expect(metrics).toMatch(line)
    }
    expect(metrics).toContain(`gradpool_model_info{model="digits",hash="${models.get('digits')?.hash ?? ''}"} 1`)
  })

  it('tells in one sentence what is not there', async () => {
    for (const path of ['/none', '/v2/none', '/docs/none', '/v2/models/none', `/v2/models/${'a'.repeat(2000)}`]) {
      const answer = await fetch(`${server.address}${path}`)
      expect(answer.status, path).toBe(404)
      expect(await answer.json()).toEqual({ error: expect.any(String) as string })
    }
  })

  it('gives no file to a path that leaves its folder', async () => {
    const ups = ['..', '%2e%2e', '..%2f', '%2e%2e%2f', '....//', '..%5c', '..\\', '%252e%252e', '.%00.', '..;']
    const roots = ['/docs/static/', '/docs/', '/v2/models/', '/v2/', '/']
    const paths = ups.flatMap((up) => roots.map((root) => `${root}${`${up}/`.repeat(8)}etc/passwd`))
    expect(paths).toHaveLength(50)
    for (const path of paths) {
      const status = await rawStatus(server.address, [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'])
      expect([400, 403, 404], path).toContain(status)
    }
  })

  it('lives on, whatever is sent to it', async () => {
    const errors: unknown[] = []
    const { address } = await started({ onError: (error) => errors.push(error), mostRows: 10 })
    const mutations = new Mutations(5)
    const row = JSON.stringify(rowOf([1, 2, 3, 4]))
    const head = ['POST /v2/models/digits/infer HTTP/1.1', 'Host: localhost', 'Inference-Header-Content-Length: 99']
    const request = [...head, `Content-Length: ${row.length}`, 'Connection: close', '', row].join('\r\n')
    const send = (bytes: Uint8Array) =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(new URL(address).port), '127.0.0.1')
        // Some wait for more.
        socket.setTimeout(50, () => socket.destroy())
        socket.on('error', () => undefined).on('close', () => resolve())
        socket.resume().write(bytes)
      })
    for (let round = 0; round < 30; round++) {
      await Promise.all(Array.from({ length: 10 }, () => send(mutations.bytes(Buffer.from(request)))))
    }
    expect(errors).toEqual([])
    expect((await post(address, row)).status).toBe(200)
  })

  it('refuses other hosts and origins', async () => {
    const status = (...headers: string[]) =>
      rawStatus(server.address, ['GET /v2/models HTTP/1.1', 'Connection: close', ...headers])
    expect(await status('Host: localhost')).toBe(200)
    expect(await status('Host: evil.com')).toBe(403)
    expect(await status('Host: localhost', 'Origin: http://evil.com')).toBe(403)
    expect(await status()).toBe(400)
  })
})

describe('limits', () => {
  it('are of rows, bytes of a body, and bytes of all bodies', async () => {
    const { address } = await started({ mostRows: 2, mostBodyBytes: 300, mostBytesAtOnce: 500 })
    const rows = await post(address, JSON.stringify(rowOf([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])))
    expect(rows.status).toBe(413)
    expect(await rows.json()).toEqual({ error: 'a request has at most 2 rows, and this one 3' })
    const bytes = await post(address, new Uint8Array(301))
    expect(bytes.status).toBe(413)
    expect(await bytes.json()).toEqual({ error: 'a body has at most 300 bytes' })

    // One that does not come to its end.
    const socket = connect(Number(new URL(address).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const head = ['POST /v2/models/digits/infer HTTP/1.1', 'Host: localhost', 'Content-Length: 290']
    socket.write(`${head.join('\r\n')}\r\n\r\n{`)
    const status = async () => (await post(address, `${' '.repeat(210)}[]`)).status
    await expect.poll(status).toBe(429)
    socket.destroy()
    await expect.poll(status).toBe(400)
  })

  it('are of rows that wait', async () => {
    const { address } = await started({ queueRows: 3, delay: 150 })
    const row = JSON.stringify(rowOf([1, 2, 3, 4]))
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(address, row)))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...new Array<number>(3).fill(200), ...new Array<number>(7).fill(429)])
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.headers.get('retry-after')).toBe('1')
    expect(await refused?.json()).toEqual({ error: expect.stringMatching(/^3 rows wait, /) as string })
    expect((await post(address, row)).status).toBe(200)
  })
})

describe('for other machines', () => {
  it('a token is needed, and made where none is given', async () => {
    const { address, token = '' } = await started({ host: '0.0.0.0' })
    expect(token).toMatch(/^[\w-]{32}$/)
    const here = address.replace('0.0.0.0', '127.0.0.1')
    const status = async (path: string, authorization?: string) =>
      (await fetch(`${here}${path}`, { headers: authorization === undefined ? {} : { authorization } })).status
    for (const path of ['/v2/models', '/metrics', '/docs', '/openapi.json', '/none']) {
      expect(await status(path), path).toBe(401)
      expect(await status(path, 'Bearer x'), path).toBe(401)
    }
    expect(await status('/v2/models', `Bearer ${token}`)).toBe(200)
    expect(await status('/v2/health/ready')).toBe(200)
  })
})

describe('a server that stops', () => {
  it('answers what was asked, and says that it is not ready', async () => {
    const { address, close } = await start({ delay: 200 })
    const row = JSON.stringify(rowOf([1, 2, 3, 4]))
    const asked = Array.from({ length: 5 }, () => post(address, row))
    await expect.poll(async () => (await fetch(`${address}/metrics`)).text()).toMatch(/waiting_rows\{.*\} 5$/m)
    const closing = close()
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    await closing
    await expect(post(address, row)).rejects.toThrow()
  })

  it('does not wait for a client that sends nothing more', async () => {
    const { address, close } = await start()
    const socket = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => undefined)
    socket.write('POST /v2/models/digits/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const started = performance.now()
    await close(100)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

it('says in one sentence where it cannot listen', async () => {
  const port = Number(new URL(server.address).port)
  await expect(start({ port })).rejects.toThrow(
    `the server cannot listen on 127.0.0.1, port ${port}: another program listens there`,
  )
  await expect(start({ host: '203.0.113.7' })).rejects.toThrow(/this machine has no such address/)
  await expect(start({ token: '' })).rejects.toThrow(UserError)
})
