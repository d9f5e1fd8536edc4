/**
 * `gradpool show`: the table of a run that is over and every epoch of its stages, a run that goes on, live, or what a
 * saved model is.
 */
import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import {
  findRun,
  findStageModel,
  isRun,
  readRun,
  type RunContents,
  stageSamples,
  type StageResult,
} from '@gradpool/orchestrator'
import { type EpochRow, metricAt } from '@gradpool/trainer'
import { gridOf } from '../display/grid.js'
import { isNumber, metricText, numberNames } from '../display/metric-text.js'
import { printDigits, printTable, summaryOf } from '../display/outcome.js'
import { reportWordsFor } from '../display/report-words.js'
import { type Language } from '../options/languages.js'
import { type Outlet } from '../display/outlet.js'
import { hasManySeeds, titleOfExperiment, verbOf } from '../display/titles.js'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { checkResult } from '../check-result.js'
import { followCommand } from './follow.js'
import { showModel } from './show-model.js'

export interface ShowOptions {
  /** Where run directories are. */
  readonly runs: string
  readonly json?: boolean
  readonly lang?: Language
  /** Look on at a run until it ends. */
  readonly watch?: boolean
}

/** @throws UserError when there is no such run or model, or its files are damaged. */
export async function showCommand(
  asked: string | undefined,
  { runs, json = false, lang, watch = false }: ShowOptions,
  io: Io,
): Promise<number> {
  const { stdout } = io
  if (asked !== undefined && isModel(asked, runs)) {
    if (watch) throw new UserError(`--watch looks on at a run, and '${asked}' is a model`)
    await showModel(await findStageModel(asked, { runs }), { json }, stdout)
    return exitCode.done
  }
  const directory = await findRun(asked, runs)
  if (watch) return followCommand(directory, { json, ...(lang !== undefined && { lang }) }, io)
  const { record, result: told } = await readRun(directory)
  if (told === null) throw withoutResult(directory, record)
  checkResult(told, join(directory, 'result.json'))
  const samples = await stageSamples(directory, record)
  if (json) {
    stdout.printJson(JSON.stringify({ ...told, run: directory }, null, 2))
    return exitCode.done
  }
  const result = visibleIn(told)
  const inReportWords = reportWordsFor(lang)
  stdout.print(`Started ${record.started}`)
  printTable(stdout, result, inReportWords)
  stdout.print(summaryOf({ ...result, run: directory }))
  const manySeeds = hasManySeeds(result.experiments)
  const shown = new Set<string>()
  for (const { name, seed, stages } of result.experiments) {
    for (const stage of stages) {
      if (shown.has(stage.hash) || stage.epochs.length === 0) continue
      shown.add(stage.hash)
      printStage(stdout, titleOfExperiment(name, seed, manySeeds), stage)
      const best = join(directory, 'stages', stage.hash, 'best.gradpool')
      if (existsSync(best)) stdout.print(`States of the best validation: ${best}`)
    }
  }
  printDigits(stdout, result, { samples, inReportWords })
  return exitCode.done
}

/** A file, or RUN/EXPERIMENT, and no run. */
function isModel(asked: string, runs: string): boolean {
  if (isRun(asked, runs)) return false
  if (asked.endsWith('.gradpool') || statSync(asked, { throwIfNoEntry: false })?.isFile()) return true
  const isBesideRuns = resolve(dirname(asked)) === resolve(runs)
  return /[\\/]/.test(asked) && !isBesideRuns
}

function withoutResult(directory: string, { started }: RunContents['record']): UserError {
  return new UserError(
    `The run '${directory}' (started ${started}) has no result: it is still going on, and --watch looks on at it; or it was cut off, and \`gradpool resume ${directory}\` resumes it`,
  )
}

function printStage(outlet: Outlet, title: string, { name, shared, epochs }: StageResult): void {
  outlet.print(`\nModel ${title} ${verbOf(name)}${shared ? ' (shared)' : ''}`)
  const names = [...new Set(epochs.flatMap(namesIn))]
  const rows = epochs.map((row) => [
    String(row.epoch),
    ...names.map((metric) => {
      const value = metricAt(row, metric)
      return isNumber(value) ? metricText(value) : '–'
    }),
    row.seconds.toFixed(2),
  ])
  const heads = ['epoch', ...names, 'seconds']
  const { colours } = outlet
  const right = heads.map((_, at) => at)
  outlet.printColoured(gridOf(heads, rows, { columns: outlet.columns(), colours, right }))
}

/** Names of the numbers of an epoch, those of the validation with `validation.` before them. */
function namesIn(row: EpochRow): string[] {
  const { validation } = row
  const judged = validation === undefined ? [] : numberNames(validation)
  return [...numberNames(row), ...judged.map((name) => `validation.${name}`)]
}
