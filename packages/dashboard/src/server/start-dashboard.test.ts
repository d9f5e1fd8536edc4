import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Compared, Followed, RunList, RunLog } from '../api.js'
import { addEvents, epochEvent, makeRun, temporaryFolder } from '../testing/made-run.js'
import { openStream } from '../testing/stream.js'
import { type Dashboard, type DashboardOptions, startDashboard } from './start-dashboard.js'

const folder = temporaryFolder()
const MARKUP = '<img src=x onerror=alert(1)>'
let dashboard: Dashboard

beforeAll(async () => {
  makeRun(folder.path, { name: 'first', accuracy: 0.9 })
  makeRun(folder.path, { name: 'second', experiment: MARKUP, started: '2026-02-01T00:00:00.000Z', accuracy: 0.8 })
  makeRun(folder.path, { name: 'third', started: '2026-03-01T00:00:00.000Z' })
  dashboard = await startDashboard({ runs: folder.path, port: 0 })
})
afterAll(async () => {
  await dashboard.close()
  await folder.remove()
})

async function another(options: Partial<DashboardOptions>): Promise<Dashboard> {
  const started = await startDashboard({ runs: folder.path, port: 0, ...options })
  onTestFinished(() => started.close())
  return started
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(dashboard.address + path)
  expect(response.status).toBe(200)
  return (await response.json()) as T
}

/** A request as no browser would send it, with its path as it stands. */
function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  { method = 'GET', address = dashboard.address } = {},
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const { port } = new URL(address)
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    asked.on('error', reject).end()
  })
}

describe('runs', () => {
  const idsOf = async (query: string) => (await get<RunList>(`/api/runs${query}`)).rows.map(({ id }) => id)

  it('are listed: searched, filtered, sorted, and a page of them', async () => {
    const { total, all, rows, metrics } = await get<RunList>('/api/runs?limit=1&offset=1')
    expect({ total, all }).toEqual({ total: 3, all: 3 })
    expect(rows).toMatchObject([
      { id: 'second', experiment: MARKUP, status: 'done', metrics: { accuracy: { mean: 0.8, deviation: null } } },
    ])
    expect(metrics).toContain('accuracy')
    expect(await idsOf('')).toEqual(['third', 'second', 'first'])
    expect(await idsOf('?search=SECON')).toEqual(['second'])
    expect(await idsOf('?where=accuracy%3E0.7&where=batchSize%3D32&sort=-accuracy')).toEqual([
      'first',
      'second',
      'third',
    ])
    expect(await idsOf('?where=status%3Ddone&sort=accuracy')).toEqual(['second', 'first'])
  })

  it('that are asked for in a wrong way are one sentence', async () => {
    for (const query of ['where=accuracy', 'sort=nothing', 'limit=many', 'limit=5000', 'offset=-1']) {
      const response = await fetch(`${dashboard.address}/api/runs?${query}`)
      expect({ query, status: response.status }).toEqual({ query, status: 400 })
      expect(await response.json()).toEqual({ error: expect.any(String) as string })
    }
  })

  it('are told one by one, compared, and labelled', async () => {
    const { view, state } = await get<Followed>('/api/runs/first')
    expect(view.experiments).toMatchObject([{ name: 'mine', status: 'done', accuracy: 0.9 }])
    expect(state).toMatchObject({ id: 'first', status: 'done', canStop: false, canResume: false })
    const { lines } = await get<RunLog>('/api/runs/first/log?most=2')
    expect(lines.map(({ kind, text }) => [kind, text])).toEqual([
      ['event', 'mine classify (seed 0) epoch 2: loss 0.5000, accuracy 0.7500, validation loss 0.6000'],
      ['event', 'mine (seed 0) is done'],
    ])
    const { comparisons } = await get<Compared>('/api/compare?run=first/mine&run=third')
    expect(comparisons[0]).toMatchObject({ sides: ['first/mine', 'third'], experiments: ['mine', 'mine'] })

    const labels = (body: unknown) =>
      fetch(`${dashboard.address}/api/runs/first/labels`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect(await (await labels({ add: ['best'], note: MARKUP })).json()).toEqual({ tags: ['best'], note: MARKUP })
    expect((await labels({ add: ['two words'] })).status).toBe(400)
    expect((await labels({ add: 'best' })).status).toBe(400)
    await expect.poll(() => idsOf('?where=tag%3Dbest')).toEqual(['first'])
  })

  it('that are not there are 404, and what cannot be done is 409', async () => {
    const statusOf = async (path: string, method = 'GET') => (await ask(path, {}, { method })).status
    expect(await statusOf('/api/runs/fourth')).toBe(404)
    expect(await statusOf('/api/runs/fourth/events')).toBe(404)
    expect(await statusOf('/api/compare?run=first&run=fourth')).toBe(404)
    expect(await statusOf('/api/compare?run=first')).toBe(400)
    expect(await statusOf('/api/runs/third/stop', 'POST')).toBe(409)
    expect(await statusOf('/api/runs/third/resume', 'POST')).toBe(409)
    expect(await statusOf('/api/queue')).toBe(404)
    expect(await statusOf('/api/models/none/draw', 'POST')).toBe(400)
  })

  it('are resumed by a process of its own, which says why it did not', async () => {
    const resumeCommand = (directory: string) => [
      process.execPath,
      '-e',
      `console.log('no: ${directory}'); process.exit(1)`,
    ]
    const { address } = await another({ resumeCommand })
    const response = await fetch(`${address}/api/runs/third/resume`, { method: 'POST' })
    expect(response.status).toBe(400)
    const error = `the run was not resumed: no: ${join(folder.path, 'third')}`
    expect(await response.json()).toEqual({ error })
    expect(readFileSync(join(folder.path, 'third', 'output.log'), 'utf8')).toContain('no: ')
  })
})

describe('who follows a run', () => {
  it('gets a view, then events as they come, and hears of other runs', async () => {
    const directory = makeRun(folder.path, { name: 'live' })
    const list = await openStream(`${dashboard.address}/api/events`)
    const run = await openStream(`${dashboard.address}/api/runs/live/events`)
    onTestFinished(() => [list, run].forEach((stream) => stream.close()))
    await expect.poll(() => run.messages.map(({ name }) => name)).toEqual(['view'])
    addEvents(directory, [epochEvent(3)])
    await expect
      .poll(() => run.messages.at(-1), { timeout: 3000 })
      .toMatchObject({
        name: 'events',
        data: [{ type: 'epoch', row: { epoch: 3 } }],
      })
    makeRun(folder.path, { name: 'later' })
    await expect.poll(() => list.messages.map(({ name }) => name), { timeout: 5000 }).toContain('runs')
  })

  it('and does not read, costs nothing, and gets a view once it reads again', { timeout: 20_000 }, async () => {
    const directory = makeRun(folder.path, { name: 'stalled' })
    const { port } = new URL(dashboard.address)
    const socket = connect(Number(port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.write(`GET /api/runs/stalled/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        text += String(chunk)
        if (text.includes('event: view')) resolve()
      })
    })
    socket.pause()
    // Far more than all buffers of a connection take, and all by one name, of which a view has little.
    const [{ time, stage }] = [epochEvent(3)]
    const item = { type: 'file', name: 'note', epoch: 1, contents: 'x'.repeat(50_000) }
    for (let look = 0; look < 8; look++) {
      const logged = Array.from({ length: 20 }, () => ({ time, type: 'logged', stage, item }))
      addEvents(directory, [...logged, epochEvent(3 + look)])
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    text = ''
    socket.resume()
    const seen = () => text.includes('event: view') && text.slice(text.indexOf('event: view')).includes('"epoch":10,')
    await expect.poll(seen, { timeout: 10_000 }).toBe(true)
    // Not what it did not read, one by one.
    expect(text.split('"type":"logged"').length).toBeLessThan(150)
  })
})

describe('safety', () => {
  it('a foreign Host or Origin may not ask', async () => {
    const { host } = new URL(dashboard.address)
    expect((await ask('/api/runs', { host })).status).toBe(200)
    for (const other of ['evil.com', 'localhost.evil.com', '127.0.0.1.evil.com:80', '0.0.0.0', 'x']) {
      for (const path of ['/', '/api/runs', '/api/events', '/assets/page.js']) {
        expect((await ask(path, { host: other })).status, `${other}${path}`).toBe(403)
      }
    }
    for (const origin of ['http://evil.com', 'null', `http://evil.com:${host.split(':')[1] ?? ''}`, 'file://']) {
      for (const path of ['/api/runs/third/stop', '/api/runs/third/resume', '/api/runs/third/labels', '/api/session']) {
        expect((await ask(path, { host, origin }, { method: 'POST' })).status, origin).toBe(403)
      }
    }
  })

  it('everything has a policy that loads nothing from elsewhere', async () => {
    for (const path of ['/', '/assets/page.js', '/api/about', '/nothing', '/api/runs/first/events']) {
      const response = await fetch(dashboard.address + path)
      const policy = response.headers.get('content-security-policy')
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
      expect(policy).not.toContain('unsafe')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      await response.body?.cancel()
    }
  })

  it('fifty ways out of the folder lead nowhere', async () => {
    const secret = 'a secret beside the folder'
    writeFileSync(join(folder.path, 'secret.txt'), secret)
    const ups = ['..', '%2e%2e', '..%2f', '%2e%2e%2f', '..%5c', '%252e%252e', '..%00', '....//', '%c0%ae%c0%ae', '.%2e']
    const tails = ['/secret.txt', '/../secret.txt', '%2fsecret.txt', '/run.json', '/etc/passwd']
    const payloads = ups.flatMap((up) => tails.map((tail) => up + tail))
    expect(payloads).toHaveLength(50)
    const places = ['/', '/assets/', '/api/runs/', '/api/runs/first/', '/api/models/', '/api/compare?run=first&run=']
    for (const payload of payloads) {
      for (const place of places) {
        const { status = 0, text } = await ask(`${place}${payload}`)
        expect(status, place + payload).toBeGreaterThanOrEqual(400)
        expect(text).not.toContain(secret)
        expect(text).not.toContain('root:')
      }
    }
    expect(existsSync(join(folder.path, 'secret.txt'))).toBe(true)
  })

  it('markup in names is data, never a page', async () => {
    for (const path of [
      '/api/runs',
      '/api/runs/second',
      '/api/runs/second/log',
      `/api/runs/${encodeURIComponent(MARKUP)}`,
    ]) {
      const { headers } = await fetch(dashboard.address + path)
      expect(headers.get('content-type')).toMatch(/^application\/json/)
    }
  })

  it('another machine needs a token, which a cookie may have that no script reads', async () => {
    const { address, token = '' } = await another({ host: '0.0.0.0' })
    const url = address.replace('0.0.0.0', '127.0.0.1')
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect((await fetch(`${url}/`)).status).toBe(200)
    const refused = await fetch(`${url}/api/runs`)
    expect(refused.status).toBe(401)
    // A browser would ask for a name and a password.
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    for (const wrong of ['', token.slice(1), `${token}x`, token.toUpperCase()]) {
      const headers = { authorization: `Bearer ${wrong}` }
      expect((await fetch(`${url}/api/session`, { method: 'POST', headers })).status).toBe(401)
    }
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${url}/api/runs`, { headers })).status).toBe(200)
    const session = await fetch(`${url}/api/session`, { method: 'POST', headers })
    const cookie = session.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    const stream = await openStream(`${url}/api/runs/first/events`, { cookie: cookie.split(';')[0] ?? '' })
    await expect.poll(() => stream.messages.length).toBe(1)
    stream.close()
    expect(
      (await ask('/api/runs', { authorization: `Bearer ${token}`, origin: 'http://evil.com' }, { address: url }))
        .status,
    ).toBe(403)
  })
})
