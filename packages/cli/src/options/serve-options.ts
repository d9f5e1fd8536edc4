/** The options of `gradpool serve`. */
import { Option } from 'commander'
import { runsOption } from './run-options.js'
import { names, oneOf, wholeNumber } from './values.js'

export const MOST_PORT = 65_535
const MOST_ROWS = 2 ** 24
const MOST_MEGABYTES = 2048
const MOST_MS = 60_000
const MOST_COPIES = 256

export function serveOptions(): Option[] {
  return [
    hostOption(),
    new Option('--port <n>', '0 is any that is free').argParser(wholeNumber('--port', 0, MOST_PORT)).default(8000),
    allowHostOption(),
    new Option('--batch-rows <n>', 'rows that are computed at once, at most')
      .argParser(wholeNumber('--batch-rows', 1, MOST_ROWS))
      .default(64),
    new Option('--delay <ms>', 'how long a request waits for others at most')
      .argParser(wholeNumber('--delay', 0, MOST_MS))
      .default(0),
    new Option('--queue-rows <n>', 'rows that wait at most; others are refused with 429')
      .argParser(wholeNumber('--queue-rows', 1, MOST_ROWS))
      .default(1024),
    new Option('--max-rows <n>', 'rows of a request at most')
      .argParser(wholeNumber('--max-rows', 1, MOST_ROWS))
      .default(1024),
    new Option('--max-body <mb>', 'megabytes of a request at most')
      .argParser(wholeNumber('--max-body', 1, MOST_MEGABYTES))
      .default(16),
    new Option('--copies <n>', 'how often each model is in memory, to compute as many batches at once')
      .argParser(wholeNumber('--copies', 1, MOST_COPIES))
      .default(1),
    new Option('--engine <name>', 'auto, native or wasm')
      .argParser(oneOf('--engine', ['auto', 'native', 'wasm']))
      .default('auto'),
    runsOption(),
  ]
}

/** Of every server. */
export function hostOption(): Option {
  return new Option(
    '--host <address>',
    'who can reach it: this machine alone, or for others an address of it, or 0.0.0.0 for all; then a token is needed, GRADPOOL_TOKEN or one that is printed',
  ).default('127.0.0.1')
}

export function allowHostOption(): Option {
  return new Option(
    '--allow-host <names>',
    'further names of this server, apart by commas, as that of a proxy',
  ).argParser(names('--allow-host'))
}
