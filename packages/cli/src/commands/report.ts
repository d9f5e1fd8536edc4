/** `gradpool report`: a page of one run or several, with everything inside. */
import { findRun, sourcesOfRun } from '@gradpool/orchestrator'
import { join } from 'node:path'
import { UserError } from '@gradpool/core'
import { type Language } from '../options/languages.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { checkOutputs, HTML_FILE } from '../output-files.js'
import { loadReport } from '../setup/load-report.js'

export interface ReportCommandOptions {
  readonly out?: string
  readonly lang?: Language
  readonly data?: string
  /** Where run directories are. */
  readonly runs: string
}

/** @throws UserError where a run is not there or damaged, or the page cannot be written */
export async function reportCommand(
  asked: readonly string[],
  { out, lang, data, runs }: ReportCommandOptions,
  { stdout }: Io,
): Promise<number> {
  const { writeReport } = await loadReport()
  const directories = await Promise.all((asked.length > 0 ? asked : ['latest']).map((one) => findRun(one, runs)))
  const [first = ''] = directories
  if (directories.length > 1 && out === undefined)
    throw new UserError('--out FILE says where a page of several runs is')
  const path = out ?? join(first, 'report.html')
  const inputs = [...directories.flatMap(sourcesOfRun), data]
  await checkOutputs([{ option: '--out', path, kind: HTML_FILE }], { inputs })
  await writeReport([...new Set(directories)], path, { language: lang, directory: data })
  stdout.print(`Report: ${path}`)
  return exitCode.done
}
