/** `gradpool verify`: trains a part of a run again, and tells whether its bits are the same. */
import { verifyRun } from '@gradpool/orchestrator'
import { begunRun, type ResumeOptions } from '../begun-run.js'
import { titleOfStage, verbOf } from '../display/titles.js'
import { visibleIn } from '../display/visible-in.js'
import { chooseEngine } from '@gradpool/trainer'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { planExperiments } from '../plan-experiments.js'
import { selectExperiments } from '../select-experiments.js'

/**
 * @returns 1 when a stage comes to other bits, or none could be looked at
 * @throws UserError when there is no such run, or what it was begun with has changed
 */
export async function verifyCommand(asked: string | undefined, given: ResumeOptions, { stdout }: Io): Promise<number> {
  const { directory, asked: experiments, options } = await begunRun(asked, given)
  const configs = await selectExperiments(experiments, options)
  const engine = await chooseEngine(options)
  try {
    const plans = await planExperiments(configs, {
      seeds: options.seed,
      allocate: engine.allocate,
      directory: options.data,
      signal: new AbortController().signal,
    })
    const { green, red, yellow } = stdout.colours
    const marks = { same: green('✔'), other: red('✖'), skipped: yellow('!') }
    const counts = { same: 0, other: 0, skipped: 0 }
    for await (const { stage, verdict, reason } of verifyRun(directory, plans, engine)) {
      counts[verdict] += 1
      const title = `${titleOfStage(stage, options.seed.length > 1)} ${verbOf(stage.name)}`
      const says = verdict === 'same' ? 'the first epoch and the test have the same bits' : reason
      stdout.printColoured(`${marks[verdict]} ${visibleIn(`${title}: ${says}`)}`)
    }
    return counts.other === 0 && counts.same > 0 ? exitCode.done : exitCode.failed
  } finally {
    await engine.dispose()
  }
}
