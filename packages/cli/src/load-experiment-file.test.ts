import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@gradpool/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isExperimentFile, loadExperimentFile } from './load-experiment-file.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-file-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function fileOf(name: string, source: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, source)
  return path
}

const source = `
  import { mnist } from '@gradpool/datasets'
  import { classify, defineExperiment } from '@gradpool/experiments'
  import { hidden } from './widths.js'
  export default defineExperiment({ name: 'own', data: mnist(), stages: [classify({ hidden })] })
`

test.each(['own.ts', 'own.mts', 'own.js', 'own.mjs'])(
  '%s loads, with the packages that run and files beside it',
  async (name) => {
    await fileOf('widths.ts', 'export const hidden: number[] = [12]')
    await fileOf('widths.js', 'export const hidden = [12]')
    const config = await loadExperimentFile(await fileOf(name, source))
    expect(config).toMatchObject({ name: 'own', stages: [{ kind: 'classify', hidden: [12] }] })
  },
)

test('a plain object that is an experiment is one, with defaults filled in', async () => {
  const path = await fileOf(
    'plain.mjs',
    `export default { name: 'plain', data: { kind: 'mnist' }, stages: [{ kind: 'classify', hidden: [3] }] }`,
  )
  expect(await loadExperimentFile(path)).toMatchObject({ name: 'plain', train: { epochs: 10 } })
})

test.each([
  ['throws.ts', `throw new Error('no\\nmore')`, /could not be loaded: no$/],
  ['throws-text.ts', `throw 'a text'`, /could not be loaded: a text$/],
  ['syntax.ts', 'export default {', /could not be loaded: /],
  ['nothing.ts', 'export const a = 1', /could not be loaded: it has no experiment as its default export/],
  ['number.ts', 'export default 3', /could not be loaded: it has no experiment as its default export/],
  ['null.ts', 'export default null', /could not be loaded: it has no experiment as its default export/],
  ['wrong.ts', `export default { name: 'w', stages: [] }`, /could not be loaded: /],
])('%s is a mistake in one sentence that names the file', async (name, text, sentence) => {
  const path = await fileOf(name, text)
  const loading = loadExperimentFile(path)
  await expect(loading).rejects.toThrow(UserError)
  await expect(loading).rejects.toThrow(sentence)
  await expect(loading).rejects.toThrow(`'${path}'`)
  await expect(loading).rejects.not.toThrow('\n')
})

test('a file is told from a name by its ending or its path', () => {
  expect(['a.ts', './a', 'b/c', 'd.mjs'].map(isExperimentFile)).toEqual([true, true, true, true])
  expect(['report', 'mnist_mlp_1p', 'v1.5'].map(isExperimentFile)).toEqual([false, false, false])
})
