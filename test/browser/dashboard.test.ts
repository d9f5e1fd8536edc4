/** The dashboard as people have it: the command in a process of its own, and a real browser. */
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { smallData } from '../data-folder.js'
import { gradpool, runsIn, start, temporaryFolder } from '../gradpool.js'
import { freePort } from '../servers/server-process.js'
import { findChromium, open } from './chromium.js'
import { pageAt, type Served, startDashboard, stopDashboard } from './dashboard.js'
import { violations } from './violations.js'

const executable = (await findChromium()) ?? ''
const few = smallData()
const desktop = { viewport: { width: 1280, height: 800 } }

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let cwd: string
/** Of three seeds, done. */
let first: string
let dashboard: Served

beforeAll(async () => {
  folder = await temporaryFolder()
  cwd = folder.path
  await gradpool(['run', 'mnist_mlp_all', '--epochs', '20', '--seed', '0,1,2', ...few], { cwd })
  await gradpool(['run', 'mnist_mlp_all', 'mnist_auto_1', '--epochs', '10', '--seed', '0,1,2', ...few], { cwd })
  first = (await runsIn(cwd))[0] ?? ''
  dashboard = await startDashboard(['--runs', 'runs'], { cwd })
})
afterAll(async () => {
  await stopDashboard(dashboard)
  await folder.remove()
})

const at = (path: string, served = dashboard) => pageAt(served, path)
const rowsIn = (tab: Tab) => tab.locator('.runs tbody tr')

/** A seven, with the mouse. */
async function drawSeven(tab: Tab): Promise<void> {
  const box = await tab.locator('.pad canvas').boundingBox()
  if (!box) throw new Error('there is nothing to draw on')
  const place = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const
  await tab.mouse.move(...place(0.3, 0.25))
  await tab.mouse.down()
  await tab.mouse.move(...place(0.7, 0.25), { steps: 8 })
  await tab.mouse.move(...place(0.45, 0.85), { steps: 8 })
  await tab.mouse.up()
}

it('shows a run as it begins, its curve as it grows, stops it and goes on with it', async () => {
  await using opened = await open(executable, desktop)
  const { tab, errors } = opened
  await tab.goto(at(''))
  await rowsIn(tab).first().waitFor()
  const before = await rowsIn(tab).count()
  const running = start(['run', 'mnist_mlp_1p', '--epochs', '20000', ...few], { cwd })
  const row = rowsIn(tab).filter({ hasText: 'running' })
  await row.waitFor()
  expect(await rowsIn(tab).count()).toBe(before + 1)
  await row.locator('.sparkline').waitFor()
  await row.getByRole('link').click()
  const epoch = async () => Number((await tab.locator('.stages .count').first().textContent())?.split('/')[0])
  await tab.locator('.stages .count').first().waitFor()
  const [early, curve] = [await epoch(), tab.locator('.chart .plot').first()]
  const label = await curve.getAttribute('aria-label')
  await expect.poll(epoch, { timeout: 20_000 }).toBeGreaterThan(early)
  expect(await curve.getAttribute('aria-label')).not.toBe(label)
  expect(await tab.locator('.live').isVisible()).toBe(true)

  await tab.getByRole('button', { name: 'Stop' }).click()
  const state = tab.locator('.state-line .pill')
  await expect.poll(() => state.textContent(), { timeout: 20_000 }).toBe('stopped')
  expect((await running.ended).code).not.toBe(0)
  const stopped = await epoch()
  await tab.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(() => state.textContent(), { timeout: 30_000 }).toBe('running')
  await expect.poll(epoch, { timeout: 30_000 }).toBeGreaterThan(stopped)
  await tab.getByRole('button', { name: 'Stop' }).click()
  await expect.poll(() => state.textContent(), { timeout: 20_000 }).toBe('stopped')
  expect(await tab.locator('.log li').count()).toBeGreaterThan(2)
  expect(errors).toEqual([])
})

it('classifies what is drawn with a mouse, and by keyboard alone', async () => {
  await using opened = await open(executable, desktop)
  const { tab, errors } = opened
  await tab.goto(at('draw'))
  await tab.locator('.pad canvas').waitFor()
  await drawSeven(tab)
  await expect.poll(() => tab.locator('.verdict b').textContent()).toBe('7')
  expect(await tab.locator('.bars .best .class').textContent()).toBe('7')
  await tab.getByRole('button', { name: 'Clear' }).click()
  await expect.poll(() => tab.locator('.verdict b').count()).toBe(0)

  await tab.locator('.pad canvas').focus()
  const press = async (key: string, times: number) => {
    for (let time = 0; time < times; time++) await tab.keyboard.press(key)
  }
  await press('Shift+ArrowUp', 3)
  await press('Space', 1)
  await press('Shift+ArrowDown', 6)
  await press('Space', 1)
  await expect.poll(() => tab.locator('.verdict b').textContent()).toBe('1')
  expect(errors).toEqual([])
})

it('shows the training images of the nearest codes, by the index that the command on the page makes', async () => {
  await gradpool(['run', 'mnist_hash_1', '--epochs', '5', '--out', 'of codes', ...few], { cwd })
  const served = await startDashboard(['--runs', 'of codes'], { cwd })
  try {
    await using opened = await open(executable, { ...desktop, bypassCSP: true })
    const { tab, errors } = opened
    await tab.goto(at('draw', served))
    const command = await tab.locator('.neighbours .command').textContent()
    const [, ...args] = (command?.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''))
    expect(args.slice(0, 3)).toEqual(['gradpool', 'index', 'build'])
    expect(await gradpool(args.slice(1), { cwd })).toMatchObject({ code: 0 })
    await tab.reload()
    await tab.locator('.neighbours ol').waitFor({ state: 'attached' })
    expect(await tab.locator('.neighbours .command').count()).toBe(0)
    await drawSeven(tab)
    const neighbours = tab.locator('.neighbours li')
    await expect.poll(() => neighbours.count()).toBe(10)
    // Once nothing more is drawn.
    const texts = async () => (await neighbours.allTextContents()).join()
    let before = ''
    await expect.poll(async () => before === (before = await texts())).toBe(true)
    const told = (await neighbours.allTextContents()).map((text) => /^(\d)\s*(\d+) bits? differs?$/.exec(text.trim()))
    const distances = told.map((one) => Number(one?.[2]))
    expect(distances).toEqual(distances.toSorted((a, b) => a - b))
    expect(distances[9]).toBeLessThan(4)
    expect(told.filter((one) => one?.[1] === '7').length).toBeGreaterThanOrEqual(4)
    const inks = await tab.evaluate<number[]>(`[...document.querySelectorAll('.neighbours canvas')].map((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, 28, 28).data.filter((value, at) => at % 4 === 0 && value > 127).length)`)
    expect(Math.min(...inks)).toBeGreaterThan(20)
    expect(await violations(tab)).toEqual([])
    expect(errors).toEqual([])
  } finally {
    await stopDashboard(served)
  }
})

it('compares what is chosen in the list', async () => {
  await using opened = await open(executable, desktop)
  const { tab, errors } = opened
  await tab.goto(at('?search=mnist_mlp_all'))
  await expect.poll(() => rowsIn(tab).count()).toBe(2)
  await rowsIn(tab).nth(0).getByRole('checkbox').check()
  await rowsIn(tab).nth(1).getByRole('checkbox').check()
  await tab.getByRole('link', { name: 'Compare' }).click()
  await tab.locator('.by-seed tbody tr').first().waitFor()
  expect(await tab.locator('.by-seed tbody tr').count()).toBe(3)
  expect(await tab.locator('.differences').textContent()).toContain('epochs')
  expect(await tab.locator('.tests').textContent()).toMatch(/[+−]0\.\d{3}.* p = /)
  await tab.locator('.chart canvas').first().waitFor()
  expect(errors).toEqual([])
})

it('changes tags and notes, which the list searches', async () => {
  await using opened = await open(executable, desktop)
  const { tab, errors } = opened
  await tab.goto(at(`run/${first}`))
  await tab.getByRole('textbox', { name: 'Add a tag' }).fill('baseline')
  await tab.keyboard.press('Enter')
  await tab.getByRole('link', { name: 'baseline' }).waitFor()
  await tab.getByRole('textbox', { name: 'Note' }).fill('the first of all')
  await tab.getByRole('button', { name: 'Save' }).click()
  await tab.goto(at('?search=first%20of%20all'))
  await expect.poll(() => rowsIn(tab).count()).toBe(1)
  await rowsIn(tab).getByRole('button', { name: 'baseline' }).click()
  expect(await tab.locator('.chips').textContent()).toContain('tag=baseline')
  // What is no condition is told, in the words of the server.
  await tab.getByRole('textbox', { name: 'Condition' }).fill('what?')
  await tab.keyboard.press('Enter')
  await expect.poll(() => tab.getByRole('alert').textContent()).toContain('A condition is a name, one of')
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
})

const job = { step: null, steps: null, machine: null, added: '2026-01-01T00:00:00.000Z', error: null }
const queue = {
  url: 'redis://queue.example:6379',
  namespace: 'default',
  isPaused: true,
  counts: { running: 1, waiting: 1234, failed: 1 },
  running: [{ ...job, name: 'classify', stage: 'a', seed: 0, experiments: ['one'], step: 5, steps: 10, machine: 'm' }],
  waiting: [{ ...job, name: 'hash', stage: 'b', seed: 1, experiments: ['two'] }],
  failed: [{ ...job, name: 'hash', stage: 'c', seed: 2, experiments: ['two'], error: 'no' }],
  machines: [{ host: 'm', id: '1', cores: 8, memoryBytes: 2 ** 34, engine: 'native', jobs: ['classify, seed 0'] }],
}

/** As if there were one, paused and long; `queue.test.ts` has a real one. */
async function withQueue(tab: Tab): Promise<void> {
  await tab.route('**/api/queue', (route) => route.fulfill({ json: queue }))
  await tab.route('**/api/about', async (route) => {
    const about: unknown = await (await route.fetch()).json()
    await route.fulfill({ json: Object.assign({}, about, { hasQueue: true }) })
  })
}

it.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('has no violations, no errors and no scrolling to the side, %s and %i wide', async (colorScheme, width) => {
  await using opened = await open(executable, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
  const { tab, errors } = opened
  await withQueue(tab)
  const [second = ''] = (await runsIn(cwd)).slice(1)
  const both = new URLSearchParams([first, second].map((run) => ['run', `${run}/mnist_mlp_all`])).toString()
  const pages: Readonly<Record<string, string>> = {
    '': '.runs tbody tr',
    '?search=nothing': '.empty',
    [`run/${first}`]: '.chart canvas',
    'run/none': '.empty',
    [`compare?${both}`]: '.by-seed tbody tr',
    compare: '.empty',
    draw: '.pad canvas',
    queue: '.machines li',
    nowhere: '.empty',
  }
  const found: [string, readonly string[]][] = []
  for (const [path, shown] of Object.entries(pages)) {
    await tab.goto(at(path))
    await tab.locator(shown).first().waitFor()
    if (path === 'draw') {
      await drawSeven(tab)
      await tab.locator('.verdict b').waitFor()
    }
    found.push([path, await violations(tab)])
    const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect([path, Math.max(0, overflow)]).toEqual([path, 0])
  }
  expect(found.filter(([, all]) => all.length > 0)).toEqual([])
  // A run that is not there.
  expect(errors.filter((error) => !error.includes('404'))).toEqual([])
})

it('asks no other machine, and has nothing of its policy broken', async () => {
  await using opened = await open(executable, desktop)
  const { tab, errors } = opened
  const hosts = new Set<string>()
  tab.on('request', (request) => hosts.add(new URL(request.url()).host))
  for (const path of ['', `run/${first}`, 'draw']) {
    await tab.goto(at(path))
    await tab.locator('.runs tbody tr, .chart canvas, .pad canvas').first().waitFor()
  }
  await tab.getByRole('combobox', { name: 'Language' }).selectOption('ko')
  expect(await tab.textContent('h1')).toBe('숫자 그리기')
  expect(await tab.getAttribute('html', 'lang')).toBe('ko')
  const background = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const before = await background()
  await tab.getByRole('combobox', { name: '테마' }).selectOption('dark')
  expect(await background()).not.toBe(before)
  await tab.reload()
  await tab.locator('.pad canvas').waitFor()
  expect([await tab.textContent('h1'), await background()]).not.toContain(before)
  expect(await tab.textContent('h1')).toBe('숫자 그리기')
  expect([...hosts]).toEqual([new URL(dashboard.url).host])
  expect(errors).toEqual([])
})

it('takes markup in names as text', async () => {
  await using opened = await open(executable, desktop)
  const { tab, errors } = opened
  const bad = '<img src=x onerror="document.title=\'gone\'"><script>document.title="gone"</script>'
  const renamed = (text: string) =>
    text.replaceAll(/"(?:mnist_\w+|classify|autoencode|mnist|[0-9])"/g, JSON.stringify(bad))
  await tab.route('**/api/**', async (route) => {
    const url = route.request().url()
    if (/api\/runs\/[^/]+\/events/.test(url)) {
      const followed = await route.fetch({ url: url.replace('/events', '') })
      const body = `event: view\ndata: ${renamed(await followed.text())}\n\n`
      await route.fulfill({ contentType: 'text/event-stream', body })
    } else if (url.endsWith('api/events')) await route.continue()
    else {
      const response = await route.fetch()
      await route.fulfill({ response, body: renamed(await response.text()) })
    }
  })
  const pages: Readonly<Record<string, string>> = {
    '': '.runs .name b',
    [`run/${first}`]: '.stages tbody th',
    draw: '.bars .class',
  }
  for (const [path, shown] of Object.entries(pages)) {
    await tab.goto(at(path))
    if (path === 'draw') {
      await tab.locator('.pad canvas').waitFor()
      await drawSeven(tab)
    }
    await expect.poll(() => tab.locator(shown).first().textContent()).toContain('<img src=x')
    expect(await tab.locator('img, script:not([src])').count()).toBe(0)
    expect(await tab.title()).not.toBe('gone')
  }
  expect(errors).toEqual([])
})

it('asks for a token where it must, and takes it from the address', async () => {
  const guarded = await startDashboard(['--runs', 'runs', '--host', '0.0.0.0'], { cwd })
  try {
    const token = guarded.url.split('#token=')[1] ?? ''
    expect(token.length).toBeGreaterThan(40)
    const plain = `http://127.0.0.1:${new URL(guarded.url).port}/`
    await using opened = await open(executable, desktop)
    const { tab } = opened
    await tab.goto(plain)
    const field = tab.getByRole('textbox', { name: 'Token' })
    await field.fill('another')
    await tab.keyboard.press('Enter')
    await expect.poll(() => tab.getByRole('dialog').textContent()).toContain('This is not the token.')
    expect(await rowsIn(tab).count()).toBe(0)
    await field.fill(token)
    await tab.keyboard.press('Enter')
    await rowsIn(tab).first().waitFor()

    await using other = await open(executable, desktop)
    await other.tab.goto(`${plain}#token=${token}`)
    await rowsIn(other.tab).first().waitFor()
    expect(other.tab.url()).not.toContain(token)
    expect(other.errors).toEqual([])
  } finally {
    await stopDashboard(guarded)
  }
})

it('tells of a run and of a server that are gone, and goes on once they are back', async () => {
  const [port, one, away] = [await freePort(), join(cwd, 'moving', 'one'), join(cwd, 'away')]
  await cp(join(cwd, 'runs', first), one, { recursive: true })
  const begin = () => startDashboard(['--runs', 'moving', '--port', String(port)], { cwd })
  let served = await begin()
  try {
    await using opened = await open(executable, desktop)
    const { tab, errors } = opened
    const alerts = () => tab.getByRole('alert').allTextContents()
    const pages = [
      ['', '.runs tbody tr'],
      ['run/one', '.stages tbody tr'],
    ] as const
    for (const [path, shown] of pages) {
      await tab.goto(at(path, served))
      await tab.locator(shown).first().waitFor()
      await stopDashboard(served)
      await expect.poll(alerts).toEqual(['The server does not answer. This page tries again until it does.'])
      expect(await tab.locator(shown).count()).toBeGreaterThan(0)
      served = await begin()
      await expect.poll(alerts).toEqual([])
    }
    await rename(one, away)
    await expect.poll(alerts).toEqual(['There is no such run.'])
    await rename(away, one)
    await expect.poll(alerts).toEqual([])
    await rm(one, { recursive: true })
    await tab.reload()
    await expect.poll(() => tab.locator('.empty .error').textContent()).toBe('there is no such run')
    // What the browser says of answers that do not come, or are errors.
    expect(errors.filter((error) => !error.startsWith('Failed to load resource'))).toEqual([])
  } finally {
    await stopDashboard(served)
  }
})

/** Of a thousand runs, in milliseconds: printed, and with bars that only a fault goes over. */
it('lists a thousand runs at once', async () => {
  const runs = join(cwd, 'thousand')
  await mkdir(runs)
  const from = join(cwd, 'runs', first)
  const copies = Array.from({ length: 1000 }, async (_, at) => {
    const to = join(runs, `run-${String(at).padStart(4, '0')}`)
    await mkdir(to)
    for (const file of ['run.json', 'result.json', 'events.jsonl']) await cp(join(from, file), join(to, file))
  })
  await Promise.all(copies)
  const many = await startDashboard(['--runs', 'thousand'], { cwd })
  try {
    await using opened = await open(executable, desktop)
    const { tab, errors } = opened
    // The first list makes the index.
    await (await fetch(`${many.url.replace(/\/$/, '')}/api/runs`)).json()
    const began = performance.now()
    await tab.goto(at('', many))
    await rowsIn(tab).nth(49).waitFor()
    const listed = performance.now() - began
    /** From what a person does to the list that begins with this run. */
    const until = (first: string, action: string) =>
      tab.evaluate<number>(`new Promise((resolve) => {
        const began = performance.now()
        const look = () => {
          if (document.querySelector('.runs .id')?.textContent === '${first}') resolve(performance.now() - began)
          else requestAnimationFrame(look)
        }
        ${action}
        look()
      })`)
    const timings = {
      listed,
      next: await until('run-0949', `document.querySelector('.pager button:last-child').click()`),
      // All began at once, so that the latest name comes first however they are sorted by time.
      sorted: await until('run-0999', `document.querySelector('.runs thead th:last-child .sort').click()`),
      searched: await until(
        'run-0777',
        `{
          const input = document.querySelector('input[type=search]')
          input.value = 'run-0777'
          input.dispatchEvent(new Event('input', { bubbles: true }))
        }`,
      ),
    }
    expect(await rowsIn(tab).count()).toBe(1)
    console.log(
      Object.entries(timings)
        .map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`)
        .join(', '),
    )
    expect(timings.listed).toBeLessThan(10_000)
    expect(Math.max(timings.next, timings.sorted, timings.searched)).toBeLessThan(3000)
    expect(errors).toEqual([])
  } finally {
    await stopDashboard(many)
  }
})
