/** The options of `gradpool dashboard`. */
import { Option } from 'commander'
import { queueOptions } from './queue-options.js'
import { runsOption } from './run-options.js'
import { allowHostOption, hostOption, MOST_PORT } from './serve-options.js'
import { fileOrFolder, wholeNumber } from './values.js'

export function dashboardOptions(): Option[] {
  const model = fileOrFolder('--model')
  return [
    runsOption(),
    hostOption(),
    new Option(
      '--port <n>',
      '0 is any that is free (default: 8100, or where that is taken any that is free)',
    ).argParser(wholeNumber('--port', 0, MOST_PORT)),
    allowHostOption(),
    new Option('--model <model>', 'a .gradpool file or RUN/EXPERIMENT to draw for, besides those of runs; repeatable')
      .argParser((typed: string, before: readonly string[]) => [...before, model(typed)])
      .default([], 'none'),
    ...queueOptions(),
    // Of `gradpool run --dashboard`: it ends with the process that has the other end of its input.
    new Option('--with-parent').hideHelp(),
  ]
}
