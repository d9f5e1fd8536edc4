// Each file-system call of a run is the last one once (a kill), or fails once. Either way, what was there before is
// whole, and the run ends with its bits, at once or resumed.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunResult } from '@gradpool/orchestrator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, type Ended, gradpool, runsIn, temporaryFolder } from '../gradpool.js'
import { bitsOf, documentOf } from '../run-document.js'
import { checkpointsIn } from './checkpoints-in.js'
import { isLong } from './is-long.js'
import { randomNumbers } from './random-numbers.js'

const experiments = ['mnist_mlp_1p', 'mnist_auto_1', '--epochs', '4', '--workers', '1']
const guarded = ['--in-process', '--checkpoint-every', '0.02']
const preload = ['fault-points.mjs']

const faults = ['kill', 'short', 'part', 'ENOSPC', 'EIO', 'EACCES', 'EMFILE']

const data = smallData()

let removeAll: () => Promise<void>
let wanted: unknown
let calls: string[]

beforeAll(async () => {
  const { path: cwd, remove } = await temporaryFolder()
  removeAll = remove
  const log = join(cwd, 'calls')
  const ended = await gradpool(['run', ...experiments, ...data, ...guarded, '--json'], {
    cwd,
    preload,
    env: { GRADPOOL_FAULT_LOG: log },
  })
  expect(ended).toMatchObject({ code: 0 })
  wanted = bitsOf(documentOf(ended))
  calls = (await readFile(log, 'utf8')).trim().split('\n')
})
afterAll(() => removeAll())

test('the calls of a run are known', () => {
  const kinds = new Set(calls.map((call) => call.split(' ')[0]))
  const handles = ['handle.writeFile', 'handle.write', 'handle.sync']
  for (const kind of ['open', ...handles, 'rename', 'rm', 'copyFile', 'mkdir', 'writeSync']) {
    expect(kinds).toContain(kind)
  }
  expect(calls.some((call) => /checkpoints\/\d+\.json/.test(call))).toBe(true)
})

test.each(faults)(
  'a run survives %s at any call',
  async (fault) => {
    const numbers = chosen(fault).values()
    // Two at a time: a run has one worker.
    const tryRest = async (): Promise<void> => {
      for (const at of numbers) await expectSurvived(fault, at)
    }
    await Promise.all([tryRest(), tryRest()])
  },
  isLong ? 3_600_000 : 120_000,
)

async function expectSurvived(fault: string, at: number): Promise<void> {
  const cwd = await emptyFolder()
  const ended = await gradpool(['run', ...experiments, ...data, ...guarded, '--json'], {
    cwd,
    preload,
    env: { GRADPOOL_FAULT: `${at}:${fault}` },
  })
  const where = `${fault} at call ${at}, ${calls[at - 1] ?? ''}`
  expect((await checkpointsIn(cwd)).unreadable, where).toEqual([])
  // A run that made fewer calls than the one that was counted was not killed: checkpoints go by the clock.
  if (isKill(fault)) expect([null, 0], where).toContain(ended.code)
  else expectSentences(ended, where)
  if (ended.code === 0) expect(bitsOf(documentOf(ended)), where).toEqual(wanted)
  else expect(await goneOnWith(cwd), where).toEqual(wanted)
}

/**
 * How many calls are tried: all of them in the long tests; else two by each error, which differ by their code alone.
 */
function numTried(fault: string): number {
  if (isLong) return Infinity
  return fault.startsWith('E') ? 2 : 4
}

/** Numbers of calls that can fail so, spread over all of them; the seed says which. */
function chosen(fault: string): number[] {
  const numbers = calls.flatMap((call, i) => (fault === 'part' && !isWrite(call) ? [] : [i + 1]))
  if (numbers.length <= numTried(fault)) return numbers
  const random = randomNumbers(faults.indexOf(fault))
  const stride = numbers.length / numTried(fault)
  return Array.from({ length: numTried(fault) }, (_, i) => numbers[Math.floor((i + random()) * stride)] ?? 1)
}

/** Of bytes, which the system may take in parts. */
function isWrite(call: string): boolean {
  return /^(handle\.write|writeSync) /.test(call)
}

/** An exit code that fits, and no stack. */
function expectSentences({ code, stderr }: Ended, where: string): void {
  expect(stderr, where).not.toMatch(/^ +at /m)
  expect([0, 1, 2], where).toContain(code)
  if (code !== 0) expect(stderr, where).not.toBe('')
}

async function goneOnWith(cwd: string): Promise<unknown> {
  const { hasRun } = await checkpointsIn(cwd)
  const args = hasRun ? ['resume'] : ['run', ...experiments]
  const ended = await gradpool([...args, ...data, '--quiet', '--in-process'], { cwd })
  expect(ended).toMatchObject({ code: 0 })
  const run = (await runsIn(cwd)).at(-1) ?? ''
  const text = await readFile(join(cwd, 'runs', run, 'result.json'), 'utf8')
  return bitsOf(JSON.parse(text) as RunResult)
}

function isKill(fault: string): boolean {
  return fault === 'kill' || fault === 'short'
}
