// `gradpool dashboard`: a run of another process appears as it goes on, is stopped, and goes on again.
import { expect, onTestFinished, test } from 'vitest'
import { emptyFolder, fixture, type Running, runsIn, start } from './gradpool.js'
import { expectMistake } from './mistake.js'

interface State {
  readonly status: string
  readonly canStop: boolean
  readonly canResume: boolean
}

interface Followed {
  readonly state: State
  readonly view: { readonly stages: Readonly<Record<string, { readonly rows: readonly { readonly epoch: number }[] }>> }
}

const forever = ['run', fixture('own-arrays.mjs'), '--epochs', '1000000', '--workers', '1', '--no-report']

/** Where a command says that its dashboard is. */
async function addressOf(running: Running): Promise<string> {
  onTestFinished(() => void running.child.kill('SIGKILL'))
  let said = ''
  running.child.stdout?.on('data', (text: string) => (said += text))
  await running.said('Dashboard: ')
  return /Dashboard: (http:\/\/127\.0\.0\.1:\d+)\/\n/.exec(said)?.[1] ?? ''
}

async function ask<T>(url: string, method = 'GET'): Promise<T> {
  const response = await fetch(url, { method })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return JSON.parse(text) as T
}

const lastEpochOf = ({ view }: Followed) => Object.values(view.stages)[0]?.rows.at(-1)?.epoch ?? 0

test(
  'a run of another process appears, grows, is stopped from the page, and goes on',
  { timeout: 30_000 },
  async () => {
    const cwd = await emptyFolder()
    const dashboard = start(['dashboard', '--port', '0'], { cwd })
    const url = await addressOf(dashboard)
    expect(await ask(`${url}/api/runs`)).toMatchObject({ total: 0, rows: [] })
    const run = start(forever, { cwd })
    onTestFinished(() => void run.child.kill('SIGKILL'))
    const listed = () => ask<{ readonly rows: readonly object[] }>(`${url}/api/runs`).then(({ rows }) => rows)
    await expect.poll(listed, { timeout: 10_000 }).toMatchObject([{ experiment: 'own_arrays', status: 'running' }])
    const [id = ''] = await runsIn(cwd)
    const told = () => ask<Followed>(`${url}/api/runs/${id}`)
    await expect.poll(told).toMatchObject({ state: { status: 'running', canStop: true } })

    // What the page is told of is the same that grows in the files.
    const first = lastEpochOf(await told())
    await expect.poll(async () => lastEpochOf(await told()), { timeout: 5000 }).toBeGreaterThan(first)
    await ask<State>(`${url}/api/runs/${id}/stop`, 'POST')
    const { code, stderr } = await run.ended
    expect({ code, stderr: stderr.split('\n')[0] }).toEqual({ code: 130, stderr: 'Stopping …' })
    await expect.poll(async () => (await told()).state).toMatchObject({ status: 'interrupted', canResume: true })
    const stopped = lastEpochOf(await told())

    expect(await ask<State>(`${url}/api/runs/${id}/resume`, 'POST')).toMatchObject({ status: 'running', canStop: true })
    await expect(ask(`${url}/api/runs/${id}/resume`, 'POST')).rejects.toThrow('this run goes on')
    await expect.poll(async () => lastEpochOf(await told()), { timeout: 5000 }).toBeGreaterThan(stopped)
    await ask<State>(`${url}/api/runs/${id}/stop`, 'POST')
    await expect.poll(async () => (await told()).state, { timeout: 5000 }).toMatchObject({ status: 'interrupted' })
    const { lines } = await ask<{ readonly lines: readonly { readonly kind: string }[] }>(`${url}/api/runs/${id}/log`)
    expect(lines.some(({ kind }) => kind === 'output')).toBe(true)

    dashboard.child.kill('SIGINT')
    expect(await dashboard.ended).toMatchObject({ code: 0, stderr: '' })
  },
)

test('beside a run it ends with the run', { timeout: 20_000 }, async () => {
  const cwd = await emptyFolder()
  const run = start([...forever, '--dashboard'], { cwd })
  const url = await addressOf(run)
  const statuses = async () => {
    const { rows } = await ask<{ readonly rows: readonly { readonly status: string }[] }>(`${url}/api/runs`)
    return rows.map(({ status }) => status)
  }
  await expect.poll(statuses, { timeout: 10_000 }).toEqual(['running'])
  run.child.kill('SIGINT')
  expect((await run.ended).code).toBe(130)
  await expect
    .poll(
      () =>
        fetch(url).then(
          () => 'there',
          () => 'gone',
        ),
      { timeout: 5000 },
    )
    .toBe('gone')
})

test('says in one sentence what it cannot do', async () => {
  const cwd = await emptyFolder()
  const mistakes: [string[], RegExp][] = [
    [['--port', '70000'], /^--port must be a whole number from 0 to 65535/],
    [['--host', '203.0.113.7', '--port', '0'], /this machine has no such address$/m],
    [['--model', 'none.gradpool'], /^there is no file 'none\.gradpool'$/m],
  ]
  for (const [args, sentence] of mistakes) await expectMistake(['dashboard', ...args], sentence, { cwd })
})
