import { execFileSync } from 'node:child_process'
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { UserError } from '@gradpool/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkOutputs, type OutputChecks, PNG_FILE } from './output-files.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-output-'))
})
afterEach(() => rm(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

function check(name: string, checks: Partial<OutputChecks> = {}, kind?: typeof PNG_FILE): Promise<void> {
  const output = { option: '--onnx', path: at(name), ...(kind && { kind }) }
  return checkOutputs([output], { inputs: [at('model.gradpool')], ...checks })
}

async function expectRefused(checking: Promise<void>, message: string): Promise<void> {
  await expect(checking).rejects.toThrow(new UserError(message))
}

describe('an output', () => {
  beforeEach(() => writeFile(at('model.gradpool'), 'a model'))

  it('may have a new name, or replace an empty file', async () => {
    await writeFile(at('empty'), '')
    await check('new')
    await check('empty')
    await check('no/folder')
  })

  it('replaces a file only if that is asked for', async () => {
    await writeFile(at('old'), 'other')
    await expectRefused(check('old'), `The file '${at('old')}' exists; --force replaces it`)
    await check('old', { force: true })
  })

  it('replaces a file of its own kind, and no other', async () => {
    await writeFile(at('old.png'), Buffer.from('\u0089PNG and more', 'latin1'))
    await check('old.png', {}, PNG_FILE)
    await writeFile(at('thesis'), 'PNG, a history')
    await expectRefused(
      check('thesis', {}, PNG_FILE),
      `The file '${at('thesis')}' exists and is not a PNG file; name another file`,
    )
  })

  it('is no input, by whatever name, and even if that is forced', async () => {
    const read = (name: string) => `Cannot write '${at(name)}': --onnx names a file that this command reads`
    await symlink('model.gradpool', at('symbolic'))
    await link(at('model.gradpool'), at('hard'))
    for (const name of ['model.gradpool', 'symbolic', 'hard', `../${basename(folder)}/model.gradpool`]) {
      for (const force of [false, true]) await expectRefused(check(name, { force }), read(name))
    }
    // Nor is it a file in a folder that is read.
    await mkdir(at('run'))
    await mkdir(at('run/stages'))
    await writeFile(at('run/stages/done'), 'sealed')
    await expectRefused(
      check('run/stages/done', { inputs: [undefined, at('none'), at('run')], force: true }),
      read('run/stages/done'),
    )
    await check('run/new', { inputs: [at('run')] })
  })

  it.skipIf(process.platform === 'win32')('is no pipe, folder or path that cannot be', async () => {
    execFileSync('mkfifo', [at('pipe')])
    await symlink('loop', at('loop'))
    const long = 'n'.repeat(300)
    for (const [name, message] of [
      ['pipe', `'${at('pipe')}' is a pipe or a device, not a file`],
      ['', `'${at('')}' is a folder, not a file`],
      ['model.gradpool/x', `Cannot write '${at('model.gradpool/x')}': a part of the path is not a directory`],
      [long, `Cannot write '${at(long)}': the name is too long`],
      ['loop', `Cannot write '${at('loop')}': its symbolic links lead in a circle`],
    ] as const) {
      await expectRefused(check(name, { force: true }), message)
    }
  })

  it('is not the same as another one', async () => {
    await symlink('model.gradpool', at('one'))
    await symlink('.', at('here'))
    const both = (one: string, other: string) =>
      checkOutputs(
        [
          { option: '--onnx', path: at(one) },
          { option: '--out', path: at(other) },
        ],
        { inputs: [], force: true },
      )
    const same = (name: string) => `--onnx and --out name the same file, '${at(name)}'`
    await expectRefused(both('new', 'new'), same('new'))
    await expectRefused(both('new', 'here/new'), same('here/new'))
    await expectRefused(both('model.gradpool', 'one'), same('one'))
    await both('new', 'other')
  })
})

describe('a folder', () => {
  const check = (name: string, force = false) =>
    checkOutputs([{ option: '--tfjs', path: at(name), files: ['model.json', 'weights.bin'] }], {
      inputs: [at('full/model.json')],
      force,
    })

  beforeEach(async () => {
    for (const name of ['empty', 'full', 'other']) await mkdir(at(name))
    for (const path of ['full/model.json', 'other/notes']) await writeFile(at(path), 'text')
  })

  it('is new or empty, unless that is forced', async () => {
    await check('new')
    await check('empty')
    await expectRefused(check('other'), `The folder '${at('other')}' of --tfjs is not empty; --force writes into it`)
    await check('other', true)
  })

  it('has no file in the place of one that is read, and is no file', async () => {
    await expectRefused(
      check('full', true),
      `Cannot write '${at('full/model.json')}': --tfjs names a file that this command reads`,
    )
    for (const force of [false, true]) await expect(check('other/notes', force)).rejects.toThrow(UserError)
  })
})
