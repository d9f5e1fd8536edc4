// `gradpool resume`, `run --resume`, reuse, `--fresh` and `gc`, as a user has them.
import { spawnSync } from 'node:child_process'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunResult } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'
import { dataFolder, smallData } from './data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from './gradpool.js'
import { bitsOf, documentOf, runJson } from './run-document.js'

const long = ['mnist_auto_2', 'mnist_mlp_1p', '--epochs', '20', ...smallData()]
const begun = '  mnist_auto_2 autoencode Epoch '

async function resultIn(cwd: string): Promise<RunResult> {
  const runs = await runsIn(cwd)
  expect(runs).toHaveLength(1)
  const text = await readFile(join(cwd, 'runs', runs[0] ?? '', 'result.json'), 'utf8')
  return JSON.parse(text) as RunResult
}

test('an interrupted run goes on by the command that it names, from any folder', async () => {
  const cwd = await emptyFolder()
  const wanted = bitsOf(await runJson(long))
  const { child, ended, said } = start(['run', ...long], { cwd })
  await said(begun)
  child.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  const command = /gradpool (resume \S+)$/m.exec(stderr)?.[1]?.split(' ') ?? []

  const elsewhere = await emptyFolder()
  const [resume = '', run = ''] = command
  // It was over no queue, so it is over none now: there is no server at that address.
  const file = join(await emptyFolder(), 'address')
  await writeFile(file, 'redis://127.0.0.1:1')
  const gone = await gradpool([resume, join(cwd, run), '--queue-file', file], { cwd: elsewhere })
  expect(gone).toMatchObject({ code: 0, stderr: '' })
  expect(gone.stdout).toMatch(/^Model mnist_auto_2 autoencode goes on in epoch \d+:$/m)
  expect(await readdir(elsewhere)).toEqual([])
  expect(bitsOf(await resultIn(cwd))).toEqual(wanted)
})

test('run --resume resumes the run of the same, and else begins one', async () => {
  const cwd = await emptyFolder()
  const args = ['run', ...long, '--resume']
  const first = start(args, { cwd })
  await first.said(begun)
  first.child.kill('SIGTERM')
  expect((await first.ended).code).toBe(143)
  const second = await gradpool([...args, '--json'], { cwd })
  expect(second.code).toBe(0)
  expect(bitsOf(documentOf(second))).toEqual(bitsOf(await resultIn(cwd)))
})

test('what earlier runs trained is reused, which a line says; --fresh trains it', async () => {
  const cwd = await emptyFolder()
  const args = ['run', 'mnist_mlp_1p', 'mnist_auto_1', '--epochs', '1', '--data', await dataFolder()]
  const first = await gradpool([...args, '--json'], { cwd })
  const second = await gradpool(args, { cwd })
  expect(second.stdout).toMatch(/^Model mnist_mlp_1p train was done by an earlier run$/m)
  expect(second.stdout).toMatch(/^All stages were trained by earlier runs, and not again; --fresh trains them\.$/m)
  const fresh = await gradpool([...args, '--fresh', '--json'], { cwd })
  expect(fresh.stdout).not.toContain('"reused": true')
  expect(bitsOf(documentOf(fresh))).toEqual(bitsOf(documentOf(first)))

  expect((await gradpool(['gc'], { cwd })).stdout).toBe("Nothing in 'runs' is without use.\n")
  const store = join(cwd, 'runs', '.store', 'exact-2')
  const [entry = ''] = await readdir(store)
  await cp(join(store, entry), join(store, 'f'.repeat(64)), { recursive: true })
  const dry = await gradpool(['gc'], { cwd })
  expect(dry.stdout).toMatch(/MB {2}runs\/\.store\/exact-2\/f{64} \(no run has this stage\)$/m)
  expect(await readdir(store)).toHaveLength(4)
  expect((await gradpool(['gc', '--delete'], { cwd })).code).toBe(0)
  expect(await readdir(store)).toHaveLength(3)

  const [run = ''] = await runsIn(cwd)
  await writeFile(join(cwd, 'runs', run, 'run.json'), '{')
  const { stderr } = await gradpool(['gc'], { cwd })
  expect(stderr).toMatch(/^'runs\/\S+run\.json' is damaged: .+; the run keeps its own files, .+\n$/)
})

test('a second process on one run is refused', async () => {
  const cwd = await emptyFolder()
  const { child, ended, said } = start(['run', 'mnist_auto_2', '--epochs', '1000'], { cwd })
  await said('mnist_auto_2 autoencode started:')
  const second = await gradpool(['resume'], { cwd })
  expect(second).toMatchObject({ code: 2, stdout: '' })
  expect(second.stderr).toMatch(/^'runs\/\S+' is being worked on \(process \d+ on \S+, since \S+\);/)
  child.kill('SIGINT')
  expect((await ended).code).toBe(130)
})

test("Python's safetensors opens checkpoints", async (context) => {
  const python = spawnSync('python3', ['-c', 'import safetensors.numpy'])
  // Only where somebody installed it: nothing is fetched for a test.
  if (python.status !== 0) context.skip()
  const cwd = await emptyFolder()
  const args = ['run', 'mnist_auto_2', '--epochs', '1000', '--checkpoint-every', '0.2']
  const { child, ended, said } = start(args, { cwd })
  await said('mnist_auto_2 autoencode started:')
  setTimeout(() => child.kill('SIGINT'), 600)
  await ended
  const script = `
import glob, json
from safetensors.numpy import load_file
for path in glob.glob('runs/*/stages/*/checkpoints/*.safetensors'):
    tensors = load_file(path)
    print(json.dumps({name: [list(t.shape), str(t.dtype)] for name, t in tensors.items()}))
`
  const { stdout, stderr } = spawnSync('python3', ['-c', script], { cwd, encoding: 'utf8' })
  expect(stderr).toBe('')
  const lines = stdout.trim().split('\n')
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) {
    const tensors = Object.entries(JSON.parse(line) as Record<string, [number[], string]>)
    expect(tensors.length).toBeGreaterThan(8)
    expect(tensors).toContainEqual(['encoder.0.weight', [[784, 64], 'float32']])
  }
})
