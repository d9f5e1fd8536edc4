import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isLocked, lockRun, processAt } from './run-lock.js'
import { temporaryFolder } from '../testing/temporary-folder.js'

// Waits are most of it: all at once.

const refuse = (message: string) => {
  throw new Error(message)
}

it.concurrent('a run is locked until it is released', async ({ onTestFinished }) => {
  const directory = await temporaryFolder(onTestFinished)
  expect(isLocked(directory)).toBe(false)
  const lock = await lockRun(directory, refuse)
  expect(isLocked(directory)).toBe(true)
  await expect(lockRun(directory, refuse)).rejects.toThrow(
    `'${directory}' is being worked on (process ${process.pid} on ${hostname()}, since `,
  )
  lock.release()
  expect(existsSync(join(directory, 'lock'))).toBe(false)
  ;(await lockRun(directory, refuse)).release()
})

it.concurrent('one that is released meanwhile is waited for', async ({ onTestFinished }) => {
  const directory = await temporaryFolder(onTestFinished)
  const lock = await lockRun(directory, refuse)
  setTimeout(() => lock.release(), 200)
  ;(await lockRun(directory, refuse)).release()
})

it.concurrent.for([
  ['of a process that is gone', (pid: number) => ({ host: hostname(), pid })],
  ['of an earlier process of the same number', () => ({ pid: process.pid, began: '1' })],
] as const)('the lock %s is taken over, and that is said', async ([, owner], { onTestFinished }) => {
  const directory = await temporaryFolder(onTestFinished)
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'close')
  const host = hostname()
  const text = JSON.stringify({ host, since: 'then', began: null, ...owner(child.pid ?? 0) })
  await writeFile(join(directory, 'lock'), text)
  const told: string[] = []
  const lock = await lockRun(directory, (message) => told.push(message))
  expect(told).toEqual([expect.stringMatching(/^the process that worked on this run is gone \(/)])
  expect(JSON.parse(await readFile(join(directory, 'lock'), 'utf8'))).toMatchObject({
    pid: process.pid,
  })
  lock.release()
})

it.concurrent('the lock of another machine holds while it is touched', async ({ onTestFinished }) => {
  const directory = await temporaryFolder(onTestFinished)
  const path = join(directory, 'lock')
  await writeFile(path, JSON.stringify({ host: 'elsewhere', pid: 1, since: 'then' }))
  await expect(lockRun(directory, refuse)).rejects.toThrow('process 1 on elsewhere')
  const longAgo = new Date(Date.now() - 120_000)
  await utimes(path, longAgo, longAgo)
  ;(await lockRun(directory, () => undefined)).release()
})

it.concurrent('half a lock is soon taken over', async ({ onTestFinished }) => {
  const directory = await temporaryFolder(onTestFinished)
  await writeFile(join(directory, 'lock'), '{"ho')
  ;(await lockRun(directory, () => undefined)).release()
})

it.concurrent('the process that may be told to stop is the one that has the lock, here', async ({ onTestFinished }) => {
  const directory = await temporaryFolder(onTestFinished)
  expect(processAt(directory)).toBeUndefined()
  const lock = await lockRun(directory, refuse)
  expect(processAt(directory)).toBe(process.pid)
  lock.release()
  const path = join(directory, 'lock')
  const since = new Date().toISOString()
  const others = [
    { host: 'another', pid: process.pid, began: null, since },
    { host: hostname(), pid: process.pid, began: '1', since },
    { host: hostname(), pid: 2 ** 22 + 1, began: null, since },
    { host: hostname(), pid: 0, began: null, since },
  ]
  for (const other of others) {
    await writeFile(path, JSON.stringify(other))
    expect(processAt(directory), JSON.stringify(other)).toBeUndefined()
  }
  // Where the system does not tell when a process began, its sign of life is what tells it from a later one.
  await writeFile(path, JSON.stringify({ host: hostname(), pid: process.pid, began: null, since }))
  expect(processAt(directory)).toBe(process.pid)
  const before = new Date(Date.now() - 30_000)
  await utimes(path, before, before)
  expect(processAt(directory)).toBeUndefined()
})
