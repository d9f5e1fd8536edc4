/** The options of `gradpool runs` and `gradpool compare`. */
import { Option } from 'commander'
import { runsOption } from './run-options.js'
import { names, text, wholeNumber } from './values.js'

const MOST_ROWS = 1_000_000

export function runsOptions(): Option[] {
  return [
    runsOption(),
    new Option('--search <text>', 'those that have it in a name, tag, note, data or engine').argParser(
      text('--search', 'a text'),
    ),
    new Option(
      '--where <condition>',
      "those that it holds for, such as 'accuracy>=0.9', epochs=10 or tag=best; repeatable, then all must hold",
    )
      .argParser((typed: string, before: readonly string[]) => [...before, typed])
      .default([], 'none'),
    new Option('--sort <name>', 'by a column, a metric or a field of the configuration; -NAME: the largest first')
      .argParser(text('--sort', 'a name'))
      .default('-started', '-started, the latest first'),
    new Option('--columns <names>', 'what is told of each, names apart by commas').argParser(names('--columns')),
    new Option('--limit <n>', 'so many at most').argParser(wholeNumber('--limit', 1, MOST_ROWS)),
    new Option('--json', 'print one JSON document, and nothing else on stdout'),
  ]
}

export function compareOptions(): Option[] {
  return [
    runsOption(),
    new Option('--metric <name>', 'what is compared by seed; the accuracy of the test, where there is one').argParser(
      text('--metric', 'a name'),
    ),
    new Option('--json', 'print one JSON document, and nothing else on stdout'),
  ]
}

/** What `gradpool runs tag`, `untag` and `note` take. */
export interface LabelOptions {
  /** Where run directories are. */
  readonly runs: string
  /** Of `note`: remove it. */
  readonly clear?: boolean
}

export const labelOptions = (): Option[] => [runsOption()]
