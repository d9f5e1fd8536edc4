// Every mistake of a user: one sentence on stderr that says what is wrong, exit code 2, and nothing half-written.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { cutGzip, cutShort, dataFolder, names, smallFiles, withBytes } from './data-folder.js'
import { emptyFolder } from './gradpool.js'
import { expectMistake } from './mistake.js'

describe('commands and options', () => {
  test.each<[string[], RegExp]>([
    [['rnu'], /^Unknown command 'rnu': did you mean run\?$/m],
    [['run', 'report', '--sede', '1'], /^Unknown option '--sede': did you mean --seed\?$/m],
    [['run', 'report', '--workers'], /^Option '--workers <n>' argument missing$/m],
    [['list', 'more'], /^Too many arguments for 'list': expected 0 arguments but got 1\.$/m],
    [['run'], /^Say what to run: /],
    [['report'], /^There are no runs in 'runs': make one with `gradpool run report`$/m],
    [['report', '--lang', 'fr'], /^--lang must be en or ko, not 'fr'$/m],
    [['plot', 'latest'], /^Missing required argument 'kind'$/m],
    [['run', 'report', '--workers', '0'], /^--workers must be .* from 1 to 256, not '0'$/m],
    [['run', 'report', '--workers', 'two'], /^--workers must be .*, not 'two'$/m],
    [
      ['run', 'report', '--engine', 'gpu'],
      /^there is no engine 'gpu': engine must be 'auto' or 'native' or 'wasm' or 'tensorflow', a package .*, or the path/m,
    ],
    [['run', 'report', '--seed', '-1'], /^--seed must be whole numbers from 0 to .*, not '-1'$/m],
    [['run', 'report', '--seed', '4..0'], /^--seed must be .*, not '4\.\.0'$/m],
    [['run', 'report', '--epochs', '1.5'], /^--epochs must be a whole number .*, not '1\.5'$/m],
    [['run', 'report', '--preset', 'best'], /no preset 'best'; it has default, tuned/],
    [
      ['run', 'report', '--log', 'wandb'],
      /^--log must be tensorboard, mlflow, mlflow=URL, csv or jsonl, not 'wandb'$/m,
    ],
    [
      ['run', 'report', '--log', 'mlflow=ftp://host'],
      /^MLflow is reached at an address such as .*, not 'ftp:\/\/host'$/m,
    ],
    [['run', 'report', '--out', ''], /^--out must be the path of a folder, not nothing$/m],
    [
      ['run', 'report', '--profile', 'nowhere/trace.json'],
      /^the profile cannot be written to 'nowhere\/trace\.json': there is no folder '.*nowhere'$/im,
    ],
    [['show', 'nothing-there'], /^There is no run 'nothing-there', and no other in 'runs'/],
  ])('gradpool %j', async (args, sentence) => {
    await expectMistake(args, sentence)
  })
})

describe('experiments', () => {
  test.each<[string[], RegExp]>([
    [['mnist_mlp_al'], /no experiment 'mnist_mlp_al'; did you mean 'mnist_mlp_all'\?/],
    [['reprot'], /no experiment 'reprot'; did you mean 'report'\?/],
    [['report', '--set', 'train.epoch=3'], /train.*'?epoch'?.*epochs/],
    [['report', '--set', 'train.epochs=many'], /train\.epochs.*whole number.*many/],
    [['report', '--set', 'train.batchSize=0'], /train\.batchSize.*0/],
    [['report', '--set', 'stages[7].hidden=[10]'], /stages.*7/],
    [['report', '--set', 'train.epochs'], /^--set must be path=value, /],
    [['report', '--set', 'data.labelled=2'], /data\.labelled.*2/],
    [
      ['mnist_mlp_1p', '--set', 'stages[0].hidden=[600000]'],
      // By what this machine has, or by what the engine may take.
      /^(training needs about \d+ MB for the states of one training, and|[\d.]+ MiB more of memory are needed, but only) /m,
    ],
  ])('gradpool run %j', async (args, sentence) => {
    await expectMistake(['run', ...args], sentence)
  })
})

describe('files', () => {
  const experiment = (fields: string) => `
    import { mnist } from '@gradpool/datasets'
    import { classify, defineExperiment } from '@gradpool/experiments'
    export default defineExperiment({ name: 'own', data: mnist(), stages: [classify({ hidden: [10] })], ${fields} })
  `
  test.each<[string, string, RegExp]>([
    ['throws.ts', `throw new Error('not today\\nnor tomorrow')`, /^'throws\.ts' .*: not today$/m],
    ['broken.ts', 'export default defineExperiment({ name: ', /^'broken\.ts' could not be loaded: /],
    ['without.ts', 'export const experiment = 1', /^'without\.ts' .* no experiment as its default/],
    ['wrong.ts', 'export default 3', /^'wrong\.ts' .* no experiment as its default/],
    ['field.js', experiment('train: { epochs: -3 }'), /^'field\.js' .*own.*train\.epochs.*-3/],
    ['typo.js', experiment('trian: {}'), /^'typo\.js' .*trian/],
    ['lost.mts', `import './not-there.js'`, /^'lost\.mts' could not be loaded: .*not-there/],
  ])('%s', async (file, source, sentence) => {
    const cwd = await emptyFolder()
    await writeFile(join(cwd, file), source)
    await expectMistake(['run', file], sentence, { cwd })
  })

  test('a file that is not there', async () => {
    await expectMistake(['run', './my-code.ts'], /^There is no file '\.\/my-code\.ts'$/m)
  })

  test('a folder in the place of a file', async () => {
    const cwd = await emptyFolder()
    await mkdir(join(cwd, 'folder.ts'))
    await expectMistake(['run', 'folder.ts'], /^'folder\.ts' is not an experiment file/, { cwd })
  })
})

describe('the run directory', () => {
  test('--out that is a file', async () => {
    const cwd = await emptyFolder()
    await writeFile(join(cwd, 'taken'), '')
    const args = ['run', 'mnist_mlp_1p', '--data', await dataFolder(), '--out', 'taken']
    await expectMistake(args, /taken/, { cwd })
  })

  test.skipIf(process.platform !== 'linux')('--out where nobody can make a folder', async () => {
    const args = ['run', 'mnist_mlp_1p', '--data', await dataFolder(), '--out', '/proc/gradpool/runs']
    await expectMistake(args, /\/proc\/gradpool/)
  })

  test.skipIf(process.getuid?.() === 0)('--out that may not be written to', async () => {
    const cwd = await emptyFolder()
    await mkdir(join(cwd, 'locked'))
    await chmod(join(cwd, 'locked'), 0o555)
    const args = ['run', 'mnist_mlp_1p', '--data', await dataFolder(), '--out', 'locked/runs']
    await expectMistake(args, /locked/, { cwd })
  })

  test.each<[string, Record<string, string>]>([
    ['no run in it', {}],
    ['a result that is cut short', { 'run.json': '{"format":"gradpool-run"', 'result.json': '{"run":' }],
    ['files that are something else', { 'run.json': '[]', 'result.json': 'null' }],
  ])('show of a folder with %s', async (_, files) => {
    const cwd = await emptyFolder()
    await mkdir(join(cwd, 'some'))
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, 'some', name), text)
    await expectMistake(['show', 'some'], /some/, { cwd })
  })
})

describe('data', () => {
  const { trainImages, trainLabels, testImages } = names
  type Damage = (bytes: Uint8Array) => Uint8Array
  test.each<[string, string, Damage, RegExp]>([
    ['wrong magic', trainImages, (bytes) => withBytes(bytes, 0, [1, 2]), /magic|IDX/],
    ['wrong type of values', trainImages, (bytes) => withBytes(bytes, 2, [0x0d]), /type|float|byte/i],
    ['wrong number of dimensions', trainImages, (bytes) => withBytes(bytes, 3, [1]), /dimension/],
    ['more images than said', trainImages, (bytes) => withBytes(bytes, 4, [0, 0, 7, 0xcf]), /images|bytes/],
    ['fewer images than said', trainImages, (bytes) => withBytes(bytes, 4, [0, 0, 9, 0]), /images|bytes/],
    ['wrong height', trainImages, (bytes) => withBytes(bytes, 8, [0, 0, 0, 27]), /bytes|pixels/],
    ['wrong width', testImages, (bytes) => withBytes(bytes, 12, [0, 0, 0, 29]), /bytes|pixels/],
    ['no images', testImages, (bytes) => withBytes(bytes.slice(0, 16), 4, [0, 0, 0, 0]), /images|0/],
    ['cut short', trainImages, (bytes) => cutShort(bytes, 100), /bytes/],
    ['cut in its header', trainLabels, (bytes) => bytes.slice(0, 5), /header|bytes/],
    ['empty', trainLabels, () => new Uint8Array(), /empty|bytes|header/],
    ['label 200', trainLabels, (bytes) => withBytes(bytes, 8 + 17, [200]), /label 200.*position 17/],
    ['gzip cut short', trainImages, cutGzip, /gzip|compressed|cut short|ends/],
  ])('%s', async (_, file, damage, sentence) => {
    const bytes = (await smallFiles())[file] ?? new Uint8Array()
    const data = await dataFolder({ [file]: damage(bytes) })
    const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--data', data]
    await expectMistake(args, [sentence, file])
  })

  test('a folder that is not there, and one that has no data', async () => {
    const args = ['run', 'mnist_mlp_1p', '--data']
    await expectMistake([...args, 'nowhere'], /nowhere/)
    await expectMistake([...args, '.'], /train-/)
  })
})
