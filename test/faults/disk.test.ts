// A disk that is full, or takes a part of a file only: what was there is whole, training goes on as long as it can, and
// the run comes to its bits once there is room.
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunResult } from '@gradpool/orchestrator'
import { expect, onTestFinished, test } from 'vitest'
import { smallData } from '../data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from '../gradpool.js'
import { bitsOf, documentOf, runJson } from '../run-document.js'
import { checkpointsIn } from './checkpoints-in.js'

const experiment = ['mnist_auto_2', '--epochs', '12', '--workers', '1', ...smallData()]
const often = ['--checkpoint-every', '0.02', '--in-process']

let undisturbed: Promise<unknown> | undefined

/** What the experiment comes to where nothing disturbs it, trained once. */
function undisturbedBits(): Promise<unknown> {
  undisturbed ??= runJson(experiment).then(bitsOf)
  return undisturbed
}

/** A disk of its own of so many bytes, in memory; undefined where this user may mount none. */
async function smallDisk(numBytes: number): Promise<string | undefined> {
  const path = join(await emptyFolder(), 'disk')
  await mkdir(path)
  const options = ['-t', 'tmpfs', '-o', `size=${numBytes}`, 'tmpfs', path]
  if (spawnSync('mount', options).status !== 0) return undefined
  onTestFinished(() => void spawnSync('umount', ['-l', path]))
  return path
}

async function resultIn(cwd: string): Promise<unknown> {
  const [run = ''] = await runsIn(cwd)
  const text = await readFile(join(cwd, 'runs', run, 'result.json'), 'utf8')
  return bitsOf(JSON.parse(text) as RunResult)
}

test('a disk with little room gets no checkpoints, and training goes on', async (context) => {
  const cwd = await smallDisk(16e6)
  if (cwd === undefined) return context.skip()
  const wanted = await undisturbedBits()
  const ended = await gradpool(['run', ...experiment, ...often, '--json'], { cwd })
  expect(ended.code).toBe(0)
  const warnings = ended.stderr.match(/cannot write a checkpoint to .*; training goes on/g)
  expect(warnings?.length).toBeGreaterThan(0)
  expect(warnings?.[0]).toMatch(/: the disk has \d+\.\d MB left and \d+\.\d MB are needed; training goes on$/)
  expect(bitsOf(documentOf(ended))).toEqual(wanted)
})

test('a full disk ends a stage with a sentence, and the run goes on once there is room', async (context) => {
  const cwd = await smallDisk(40e6)
  if (cwd === undefined) return context.skip()
  const wanted = await undisturbedBits()
  const running = start(['run', ...experiment, ...often], { cwd })
  await running.said('mnist_auto_2 autoencode started:')
  // To the last byte but some, so that files are begun and cut short.
  const { bavail, bsize } = await statfs(cwd)
  const filler = join(cwd, 'filler')
  await writeFile(filler, Buffer.alloc(bavail * bsize - 200_000)).catch(() => undefined)
  const { code, stdout, stderr } = await running.ended
  expect(code).toBe(1)
  expect(stdout).toMatch(/cannot write its files to '.*': no space left on device/)
  expect(stderr).not.toMatch(/^ +at /m)
  expect((await checkpointsIn(cwd)).unreadable).toEqual([])
  await rm(filler)
  expect(await gradpool(['resume', '--quiet'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  expect(await resultIn(cwd)).toEqual(wanted)
})

test('a write that takes a part of a file only is told of, and what was there stays whole', async () => {
  const wanted = await undisturbedBits()
  const cwd = await emptyFolder()
  // Files longer than that are cut short by the system: the write says how much it took, and the next one fails.
  const ended = await gradpool(['run', ...experiment, ...often], { cwd, mostFileBytes: 65_536 })
  expect(ended.code).toBe(1)
  expect(ended.stdout).toMatch(/cannot write a checkpoint to '.*': file too large; training goes on/)
  expect(ended.stdout).toMatch(/cannot write its files to '.*': file too large/)
  expect(ended.stderr).not.toMatch(/^ +at /m)
  expect((await checkpointsIn(cwd)).unreadable).toEqual([])
  expect(await gradpool(['resume', '--quiet'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  expect(await resultIn(cwd)).toEqual(wanted)
})
