// The process that trains is ended by a signal: it is started again from the last checkpoint, a few times.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readRun } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, fixture, gradpool, runsIn, type Running, start } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { isLong } from './is-long.js'
import { randomNumbers } from './random-numbers.js'

/** How many processes each signal ends. */
const numFaults = isLong ? 50 : 1
/** Each takes the seconds until it is noticed. */
const numLoops = isLong ? 10 : 1
const few = ['mnist_auto_2', '--workers', '1', ...smallData()]
const experiment = [...few, '--epochs', '20']
/** A thread loops in the second epoch. */
const briefly = [...few, '--epochs', '2']
const often = ['--checkpoint-every', '0.1']
const begun = 'mnist_auto_2 autoencode started:'

/** What a run comes to where nothing disturbs it. */
async function undisturbedBits(args: readonly string[]): Promise<unknown> {
  return bitsOf(await runJson(args))
}

/** The number of the process that trains: it is in the lock. */
async function trainer(cwd: string): Promise<number> {
  const [run = ''] = await runsIn(cwd)
  const lock = await readFile(join(cwd, 'runs', run, 'lock'), 'utf8')
  return (JSON.parse(lock) as { pid: number }).pid
}

/** Ends the process that trains, after a while, once another one does than before. */
async function killTrainer(cwd: string, signal: NodeJS.Signals, { before = 0, afterMs = 150 } = {}): Promise<number> {
  for (;;) {
    const pid = await trainer(cwd).catch(() => before)
    if (pid !== before) {
      await setTimeout(afterMs)
      process.kill(pid, signal)
      return pid
    }
    await setTimeout(20)
  }
}

const signals = ['SIGSEGV', 'SIGKILL', 'SIGBUS', 'SIGABRT'] as const

test.each(isLong ? signals : signals.slice(0, 1))(
  `a process that is ended by %s is started again, with the same bits and a note in the record, ${numFaults} times`,
  async (signal) => {
    const wanted = await undisturbedBits(experiment)
    const random = randomNumbers(signals.indexOf(signal))
    for (let fault = 0; fault < numFaults; fault++) {
      const cwd = await emptyFolder()
      const running = start(['run', ...experiment, ...often, '--json'], { cwd })
      await running.saidOnStderr(begun)
      await killTrainer(cwd, signal, { afterMs: 300 * random() })
      const { code, stdout, stderr } = await running.ended
      expect(stderr).toContain(
        `The training process was ended by ${signal}; it goes on from the last checkpoint (1 of 3 times)\n`,
      )
      expect(code).toBe(0)
      expect(bitsOf(documentOf({ stdout }))).toEqual(wanted)
      const [run = ''] = await runsIn(cwd)
      const { events } = await readRun(join(cwd, 'runs', run))
      expect(events).toContainEqual(expect.objectContaining({ type: 'resumed', after: signal }))
    }
  },
  isLong ? 3_600_000 : 120_000,
)

test('one that is ended again and again is given up, with the command that goes on', async () => {
  const cwd = await emptyFolder()
  const running = start(['run', ...few, '--epochs', '1000', ...often], { cwd })
  await running.said(begun)
  let pid = 0
  for (let kills = 0; kills < 4; kills++) {
    pid = await killTrainer(cwd, 'SIGSEGV', { before: pid })
  }
  const { code, stderr } = await running.ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/ended by SIGSEGV again; gradpool resume runs\/\S+ resumes the run\n$/)
})

test(
  `one with a thread that loops in native code is replaced, with the same bits, ${numLoops} times`,
  async () => {
    const wanted = await undisturbedBits(briefly)
    for (let fault = 0; fault < numLoops; fault++) {
      const cwd = await emptyFolder()
      const args = ['run', ...briefly, '--engine', 'wasm', '--stall-after', '2', '--json']
      const { code, stdout, stderr } = await gradpool(args, {
        cwd,
        preload: ['native-loop.mjs'],
        env: { NATIVE_LOOP_FILE: join(cwd, 'looped') },
      })
      expect(stderr).toContain('a worker thread is in native code that does not return')
      expect(stderr).toContain(
        'The training process was ended by SIGKILL; it goes on from the last checkpoint (1 of 3 times)\n',
      )
      expect(stderr).toContain('mnist_auto_2 autoencode goes on in epoch')
      expect(code).toBe(0)
      expect(bitsOf(documentOf({ stdout }))).toEqual(wanted)
    }
  },
  isLong ? 3_600_000 : 120_000,
)

test('one whose supervisor is killed stops gracefully', async () => {
  const cwd = await emptyFolder()
  const running = start(['run', ...few, '--epochs', '1000'], { cwd })
  await running.said('  Epoch ')
  running.child.kill('SIGKILL')
  await unlocked(cwd)
  const resumed = start(['resume'], { cwd })
  await resumed.said('mnist_auto_2 autoencode goes on in epoch')
  expect(await endedBy(resumed, 'SIGHUP')).toBe(129)
})

test('one whose main thread does not return ends soon after its supervisor', { timeout: 60_000 }, async () => {
  const cwd = await emptyFolder()
  const file = fixture('loops.ts')
  const running = start(['run', file, '--quiet'], { cwd, env: { LOOPS_FILE: join(cwd, 'pid') } })
  const pidOf = () => readFile(join(cwd, 'pid'), 'utf8').catch(() => '')
  while ((await pidOf()) === '') await setTimeout(20)
  const pid = Number(await pidOf())
  expect(pid).not.toBe(running.child.pid)
  running.child.kill('SIGKILL')
  while (isAlive(pid)) await setTimeout(100)
})

test('--in-process goes on in another thread, and ends by SIGKILL with its result printed', async () => {
  const cwd = await emptyFolder()
  const args = ['run', ...briefly, '--engine', 'wasm', '--stall-after', '2', '--json']
  const { child, ended } = start([...args, '--in-process'], {
    cwd,
    preload: ['native-loop.mjs'],
    env: { NATIVE_LOOP_FILE: join(cwd, 'looped') },
  })
  const { code, stdout, stderr } = await ended
  expect(stderr).toContain('a worker thread is in native code that does not return')
  expect({ code, signal: child.signalCode }).toEqual({ code: null, signal: 'SIGKILL' })
  expect(bitsOf(documentOf({ stdout }))).toEqual(await undisturbedBits(briefly))
})

test('--in-process leaves a crash to the caller', async () => {
  const cwd = await emptyFolder()
  const running = start(['run', ...experiment, '--in-process'], { cwd })
  await running.said(begun)
  expect(await trainer(cwd)).toBe(running.child.pid)
  running.child.kill('SIGSEGV')
  expect((await running.ended).code).toBe(null)
  expect((await gradpool(['resume', '--quiet'], { cwd })).code).toBe(0)
})

async function endedBy({ child, ended }: Running, signal: NodeJS.Signals): Promise<number | null> {
  child.kill(signal)
  return (await ended).code
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Fulfilled when nobody works on the run any more. */
async function unlocked(cwd: string): Promise<void> {
  const [run = ''] = await runsIn(cwd)
  while (existsSync(join(cwd, 'runs', run, 'lock'))) await setTimeout(20)
}
