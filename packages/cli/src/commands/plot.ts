/** `gradpool plot`: one figure of a run as a file. */
import { findRun, sourcesOfRun } from '@gradpool/orchestrator'
import { type Language } from '../options/languages.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { checkOutputs, PNG_FILE, SVG_FILE } from '../output-files.js'
import { loadReport } from '../setup/load-report.js'

export interface PlotCommandOptions {
  readonly out?: string
  readonly metric?: string
  readonly experiment?: string
  readonly stage?: string
  readonly lang?: Language
  readonly data?: string
  /** Where run directories are. */
  readonly runs: string
}

/** @throws UserError for a figure that the run does not have, or a file that cannot be written */
export async function plotCommand(
  asked: string,
  kind: string,
  { out = `${kind}.svg`, metric, experiment, stage, lang, data, runs }: PlotCommandOptions,
  { stdout }: Io,
): Promise<number> {
  const { plotRun } = await loadReport()
  const directory = await findRun(asked, runs)
  const inputs = [...sourcesOfRun(directory), data]
  await checkOutputs([{ option: '--out', path: out, kind: /\.png$/i.test(out) ? PNG_FILE : SVG_FILE }], { inputs })
  await plotRun(directory, kind, { out, metric, experiment, stage, language: lang, directory: data })
  stdout.print(`Figure: ${out}`)
  return exitCode.done
}
