/** What people write for a model of a run, and what they are told where there is none. */
import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { findStageModel } from '../src/runs/find-stage-model.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const auto = stageOf('auto')
const plans = [
  experimentOf('one', auto, stageOf('classify', { initFrom: auto })),
  experimentOf('two', stageOf('two0', { seed: 0 })),
  experimentOf('two', stageOf('two3', { seed: 3 })),
]

it('finds files and stages, and says what is there in the place of others', async () => {
  const runs = await temporaryFolder()
  const { result } = await runPlans(plans, { directory: runs })
  const name = basename(result.run)
  const find = (target: string) => findStageModel(target, { runs })

  for (const [target, stage, title] of [
    ['latest/one', 'classify', 'one'],
    [`${name}/one/auto`, 'auto', 'one/auto'],
    [`${result.run}/one`, 'classify', 'one'],
    ['latest/two', 'two0', 'two'],
    ['latest/two@3', 'two3', 'two@3'],
    ['latest/two@3/two3', 'two3', 'two@3/two3'],
  ] as const) {
    const found = await find(target)
    expect(found).toEqual({ path: expect.stringContaining(join('stages', stage)) as string, title })
    expect(existsSync(found.path)).toBe(true)
  }
  const file = join(runs, 'digits.gradpool')
  await writeFile(file, '')
  expect(await find(file)).toEqual({ path: file, title: 'digits' })

  for (const [target, sentence] of [
    ['none.gradpool', /^there is no file 'none\.gradpool'$/],
    ['latest', /^'latest' is a run: say whose model is meant, such as 'latest\/one'$/],
    ['one', /^'one' is neither a \.gradpool file nor RUN\/EXPERIMENT/],
    ['lates/one', /^There is no run 'lates' in '.*': did you mean 'latest'\?$/],
    ['latest/twoo', /^the run '.*' has no experiment 'twoo': did you mean 'two'\?$/],
    ['latest/two@4', /^the run '.*' has no experiment 'two@4': its seeds are 0, 3$/],
    ['latest/one/autu', /^one has no stage 'autu': did you mean 'auto'\?$/],
    ['', /^'' is neither/],
  ] as const) {
    await expect(find(target)).rejects.toThrow(sentence)
  }
})

it('refuses a stage that is not done, and the files of another', async () => {
  const runs = await temporaryFolder()
  const { result } = await runPlans(plans, { directory: runs })
  const stages = join(result.run, 'stages')
  await rm(join(stages, 'auto', 'done'))
  await expect(findStageModel('latest/one/auto', { runs })).rejects.toThrow(
    /^the auto stage of one in '.*' is not done: `gradpool resume` finishes it$/,
  )
  await rm(join(stages, 'two0'), { recursive: true })
  await rename(join(stages, 'two3'), join(stages, 'two0'))
  await expect(findStageModel('latest/two', { runs })).rejects.toThrow(/^'.*two0' has the files of another stage$/)
})
