// What commands do to files that are there: nothing is lost that nobody asked to lose, and no file system is too odd
// for a sentence.
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { adam, classify, fit } from 'gradpool'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { emptyFolder, gradpool, gradpoolHere, temporaryFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const data = smallData()

/** A folder with a saved model and a run. */
async function made(): Promise<string> {
  const cwd = await emptyFolder()
  await cp(folder.path, cwd, { recursive: true })
  return cwd
}

beforeAll(async () => {
  folder = await temporaryFolder()
  const rows = { image: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), label: Uint8Array.of(0, 1, 0, 1) }
  const arrays = { image: { shape: [2], values: rows.image }, label: { shape: [], values: rows.label } }
  const fitted = await fit(classify({ hidden: [2] }), { data: arrays, optimizer: adam(0.01), progress: false })
  await fitted.save(join(folder.path, 'model.gradpool'))
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--no-report', '--quiet', ...data]
  expect(await gradpool(args, { cwd: folder.path })).toMatchObject({ code: 0, stderr: '' })
})
afterAll(() => folder.remove())

const run = (cwd: string, ...args: string[]) => gradpoolHere(args, cwd)

describe.skipIf(process.platform === 'win32')('export', () => {
  const ways = [
    ['--onnx', ['--onnx']],
    ['--weights', ['--weights', 'f16', '--out']],
    ['--csv', ['--csv']],
    ['--parquet', ['--parquet']],
  ] as const
  const targetOf = (name: string) => (['--csv', '--parquet'].includes(name) ? 'latest' : 'model.gradpool')

  test.each(ways)('%s replaces no pipe, and writes to what a link points to', async (name, args) => {
    const cwd = await made()
    execFileSync('mkfifo', ['pipe'], { cwd })
    await mkdir(join(cwd, 'inner'))
    await symlink(join('inner', 'file'), join(cwd, 'link'))
    const export_ = (path: string) => ['export', targetOf(name), ...args, path]
    for (const force of [[], ['--force']]) {
      await expectMistake([...export_('pipe'), ...force], /^'pipe' is a pipe or a device, not a file$/m, { cwd })
      await expectMistake([...export_('inner'), ...force], /^'inner' is a folder, not a file$/m, { cwd })
    }
    expect(lstatSync(join(cwd, 'pipe')).isFIFO()).toBe(true)
    expect(await run(cwd, ...export_('link'))).toMatchObject({ code: 0, stderr: '' })
    expect(lstatSync(join(cwd, 'link')).isSymbolicLink()).toBe(true)
    expect(await readdir(join(cwd, 'inner'))).toEqual(['file'])
  })

  test.each(ways)('%s replaces a file only with --force', async (name, args) => {
    const cwd = await made()
    await writeFile(join(cwd, 'thesis'), 'mine')
    const all = ['export', targetOf(name), ...args, 'thesis']
    await expectMistake(all, /^The file 'thesis' exists; --force replaces it$/m, { cwd })
    expect(await readFile(join(cwd, 'thesis'), 'utf8')).toBe('mine')
    expect(await run(cwd, ...all, '--force')).toMatchObject({ code: 0, stderr: '' })
    expect(await readFile(join(cwd, 'thesis'), 'utf8')).not.toBe('mine')
  })

  test('never writes over the model or the run that it reads', async () => {
    const cwd = await made()
    await symlink('model.gradpool', join(cwd, 'same'))
    const read = /names a file that this command reads$/m
    for (const out of ['model.gradpool', 'same', './runs/../model.gradpool']) {
      await expectMistake(['export', 'model.gradpool', '--onnx', out, '--force'], read, { cwd })
      await expectMistake(['export', 'model.gradpool', '--weights', 'i8', '--out', out, '--force'], read, { cwd })
    }
    const [name = ''] = (await readdir(join(cwd, 'runs'))).filter((one) => !one.startsWith('.'))
    await expectMistake(['export', name, '--csv', `runs/${name}/run.json`, '--force'], read, { cwd })
    await expectMistake(['export', 'model.gradpool', '--onnx', 'a', '--weights', 'i8', '--out', 'a'], /the same file/, {
      cwd,
    })
    expect(await readFile(join(cwd, 'model.gradpool'))).toEqual(await readFile(join(folder.path, 'model.gradpool')))
  })

  test.each([
    ['--tfjs', 'model.json'],
    ['--saved-model', 'saved_model.pb'],
  ])('%s writes into a folder with files only with --force', async (option, file) => {
    const cwd = await made()
    await expectMistake(['export', 'model.gradpool', option, '.'], /^The folder '\.' of --\S+ is not empty; --force/m, {
      cwd,
    })
    expect(existsSync(join(cwd, file))).toBe(false)
    for (const args of [['new'], ['new', '--force'], ['.', '--force']]) {
      expect(await run(cwd, 'export', 'model.gradpool', option, ...args)).toMatchObject({ code: 0, stderr: '' })
    }
    expect(existsSync(join(cwd, file))).toBe(true)
  })

  test.runIf(process.platform === 'linux')('makes no folder under /proc, and does not try for ever', async () => {
    const cwd = await made()
    for (const option of ['--saved-model', '--tfjs']) {
      const args = ['export', 'model.gradpool', option, '/proc/gradpool']
      await expectMistake(args, /^'\/proc\/gradpool' cannot be written: no such file or directory$/m, { cwd })
    }
  })
})

test('pictures, pages and profiles replace only their own kind', async () => {
  const cwd = await made()
  await cp(join(cwd, 'model.gradpool'), join(cwd, 'figure.svg'))
  const refused = (what: string) =>
    new RegExp(`^The file 'figure\\.svg' exists and is not ${what}; name another file$`, 'm')
  await expectMistake(['plot', 'latest', 'curves', '--out', 'figure.svg'], refused('an SVG file'), { cwd })
  await expectMistake(['report', '--out', 'figure.svg'], refused('an HTML page'), { cwd })
  await expectMistake(['data', 'mnist_cnn', '--augmented', 'figure.svg'], refused('a PNG file'), { cwd })
  await expectMistake(['index', 'build', 'latest', '--out', 'figure.svg'], /encoder|is not an index/, { cwd })
  await expectMistake(['run', 'mnist_mlp_1p', '--profile', 'figure.svg', ...data], refused('a Chrome trace'), { cwd })
  await rm(join(cwd, 'figure.svg'))
  for (let time = 0; time < 2; time++) {
    for (const args of [
      ['plot', 'latest', 'curves', '--out', 'figure.svg'],
      ['report', '--out', 'page.html'],
    ]) {
      expect(await run(cwd, ...args)).toMatchObject({ code: 0, stderr: '' })
    }
  }
})

describe.skipIf(process.platform === 'win32')('a path that the file system does not take', () => {
  const long = 'n'.repeat(300)
  test.each([
    ['show model.gradpool/x', "Cannot read 'model.gradpool/x': a part of the path is not a directory"],
    ['show LONG', `Cannot read '${long}': the name is too long`],
    ['show loop', "Cannot read 'loop': its symbolic links lead in a circle"],
    ['show loop.gradpool', "Cannot read 'loop.gradpool': its symbolic links lead in a circle"],
    ['predict LONG --image x.png', `Cannot read '${long}': the name is too long`],
    ['predict model.gradpool --data loop', 'its symbolic links lead in a circle'],
    ['export loop --onnx x', "Cannot read 'loop': its symbolic links lead in a circle"],
    ['serve model.gradpool/x --port 0', 'a part of the path is not a directory'],
    ['index build LONG --out x', 'the name is too long'],
    ['data LONG.csv', 'the name is too long'],
    ['data loop --verify', 'its symbolic links lead in a circle'],
    ['run mnist_mlp_1p --data LONG', 'the name is too long'],
    ['run mnist_mlp_1p --out model.gradpool/runs', 'a part of the path is not a directory'],
    ['run mnist_mlp_1p --profile LONG', 'the name is too long'],
    ['report --out LONG', 'the name is too long'],
    ['compare LONG latest', `There is no run '${long}'`],
  ])('%s is a mistake in one sentence', async (line, sentence) => {
    const cwd = await made()
    for (const name of ['loop', 'loop.gradpool']) await symlink(name, join(cwd, name))
    const args = line.split(' ').map((arg) => arg.replace('LONG', long))
    await expectMistake([...args, ...(args[0] === 'run' && !args.includes('--data') ? data : [])], sentence, { cwd })
  })
})

test.skipIf(process.platform === 'win32')(
  'gc deletes nothing that a link points to, and names what it leaves',
  async () => {
    const cwd = await made()
    await mkdir(join(cwd, 'precious'))
    await mkdir(join(cwd, 'precious', 'f'.repeat(64)))
    await writeFile(join(cwd, 'precious', 'thesis'), 'mine')
    await symlink(join('..', '..', 'precious'), join(cwd, 'runs', '.store', 'link'))
    const { code, stdout, stderr } = await run(cwd, 'gc', '--delete')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      "Left alone: 'runs/.store/link' is a symbolic link that Gradpool did not make\nNothing in 'runs' is without use.\n",
    )
    expect((await readdir(join(cwd, 'precious'))).sort()).toEqual(['f'.repeat(64), 'thesis'])
  },
)

test('show refuses a model whose description was changed, and marks one of version 0.2 as unverified', async () => {
  const cwd = await made()
  const path = join(cwd, 'model.gradpool')
  expect((await run(cwd, 'show', 'model.gradpool')).stdout).not.toContain('unverified')
  expect(JSON.parse((await run(cwd, 'show', 'model.gradpool', '--json')).stdout)).toMatchObject({
    description: 'verified',
  })
  const text = (await readFile(path)).toString('latin1')
  const changed = text.replace(/(accuracy\\":)0\.\d/, '$19.9')
  expect(changed).not.toBe(text)
  await writeFile(path, changed, 'latin1')
  await expectMistake(['show', 'model.gradpool'], /was changed since it was saved: the checksum of its metadata/, {
    cwd,
  })
  await expectMistake(['predict', 'model.gradpool', '--image', 'x.png'], /was changed since it was saved/, { cwd })

  await cp(new URL('../packages/trainer/test/golden/v0.2.gradpool', import.meta.url), join(cwd, 'old.gradpool'))
  const unverified = /^description +unverified: the file has no checksum over its metrics and how it was trained$/m
  expect((await run(cwd, 'show', 'old.gradpool')).stdout).toMatch(unverified)
  expect(await run(cwd, 'export', 'old.gradpool', '--weights', 'f16', '--out', 'small.gradpool')).toMatchObject({
    code: 0,
  })
  expect((await run(cwd, 'show', 'small.gradpool')).stdout).toMatch(unverified)
})
