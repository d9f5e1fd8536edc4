/** Looks on at a run that another process works on, to its end. */
import { join } from 'node:path'
import { followRun, plannedStages, readRecord, type RunEvent, type RunResult } from '@gradpool/orchestrator'
import { checkResult } from '../check-result.js'
import { displayFor } from '../display/display.js'
import { printOutcome, sampleKeeper } from '../display/outcome.js'
import { reportWordsFor } from '../display/report-words.js'
import { type Language } from '../options/languages.js'
import { stageWords } from '../display/stage-words.js'
import { hasManySeeds } from '../display/titles.js'
import { exitCode } from '../exit-code.js'
import { watchInterrupts } from '../interrupts.js'
import { type Io } from '../io.js'

export interface FollowCommandOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly lang?: Language
}

/**
 * @returns the exit code: that of the run's outcome, as the run itself ends with it; a Ctrl-C ends the looking on alone
 * @throws UserError where there is no run, or its files are damaged
 */
export async function followCommand(directory: string, options: FollowCommandOptions, io: Io): Promise<number> {
  const { json = false, quiet = false, lang } = options
  const record = await readRecord(directory)
  const interrupts = watchInterrupts(() => undefined)
  io.onClosed(() => interrupts.abort())
  const outlet = json ? io.stderr : io.stdout
  const inReportWords = reportWordsFor(lang)
  const { experiments, engine, workers } = record
  const display = await displayFor({
    outlet,
    quiet,
    engineLine: `Run ${directory}, engine ${engine.name}: ${engine.description}`,
    parallel: experiments.length > 1 && workers !== 1,
    manySeeds: hasManySeeds(experiments),
    stages: plannedStages(record).map(({ ref }) => ref),
    ...stageWords(experiments, inReportWords),
  })
  const { samples, onEvent: keepSamples } = sampleKeeper()
  const onEvent = (event: RunEvent) => {
    keepSamples(event)
    display.onEvent(event)
  }
  try {
    const run = await followRun(directory, record, { onEvent, signal: interrupts.signal })
    display.start(run)
    const result = await run.ended.finally(() => display.stop())
    if (interrupts.signal.aborted) return interrupts.exitCode() ?? exitCode.failed
    if (result === undefined) {
      io.stderr.print(
        `No process works on the run '${directory}' any more: \`gradpool resume ${directory}\` resumes it`,
      )
      return exitCode.failed
    }
    checkResult(result, join(directory, 'result.json'))
    const told: RunResult = { ...result, run: directory }
    if (json) io.stdout.printJson(JSON.stringify(told, null, 2))
    else printOutcome(outlet, told, { samples, quiet, inReportWords })
    return result.experiments.every(({ status }) => status === 'done') ? exitCode.done : exitCode.failed
  } finally {
    interrupts.dispose()
  }
}
