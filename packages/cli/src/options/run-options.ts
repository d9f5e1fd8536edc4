/** The options of `gradpool run`: what each is called, takes, and is if left out. */
import { availableCores } from '@gradpool/core/engine'
import { Option } from 'commander'
import { type EngineModule, type EngineName } from '@gradpool/trainer'
import { type Language, languages } from './languages.js'
import { logSink } from './log-sink.js'
import {
  lockOption,
  metricsOption,
  queueFileOption,
  queueOptions,
  storeOption,
  submitOptions,
  type SubmitOptions,
} from './queue-options.js'
import { parseSeeds } from './seeds.js'
import { assignment, file, fileOrFolder, folder, module, oneOf, positiveNumber, wholeNumber } from './values.js'

const mostWorkers = 256
const mostEpochs = 1_000_000
const mostMinutes = 35_000
const mostSeconds = 86_400

/** Told before anything is loaded that trains. */
const engineNames = Object.keys({ auto: 0, native: 0, wasm: 0, tensorflow: 0 } satisfies Record<EngineName, 0>)

/** Where run directories are made and looked for. */
export const outFolder = 'runs'

export interface RunCommandOptions extends SubmitOptions {
  readonly workers: number
  readonly engine: EngineModule
  readonly seed: readonly number[]
  readonly preset: string
  readonly epochs?: number
  /** `path=value` each. */
  readonly set: readonly string[]
  readonly data?: string
  readonly out: string
  /** Train every stage, whatever earlier runs have done. */
  readonly fresh?: boolean
  /** Go on with the latest run of the same, if it did not come to its end. */
  readonly resume?: boolean
  /** In seconds. */
  readonly checkpointEvery: number
  /** In seconds. */
  readonly stallAfter?: number
  readonly maxMinutes?: number
  /** A file to write. */
  readonly profile?: string
  /** Where it is logged besides; see log-sinks.ts. */
  readonly log?: readonly string[]
  readonly json?: boolean
  readonly quiet?: boolean
  /** Whether a page is written at the end. */
  readonly report: boolean
  /** Whether a page of the runs is served beside it. */
  readonly dashboard?: boolean
  /** Default: the report's words for its own experiments, English for all others. */
  readonly lang?: Language
  /** Libraries may log. */
  readonly verbose?: boolean
  /** Who put its stages into a queue, where they lie in one. */
  readonly submitter?: string
  /** Leave stages in the queue when it stops. */
  readonly leaves?: boolean
}

export function runOptions(): Option[] {
  return [
    workersOption(),
    engineOption(),
    new Option('--seed <seeds>', 'one seed, or several: 0,1,2 or 0..4').argParser(parseSeeds).default([0], '0'),
    new Option('--preset <name>', 'default, tuned, or one of your own').default('default'),
    new Option('--epochs <n>', 'epochs of every stage').argParser(wholeNumber('--epochs', 1, mostEpochs)),
    new Option('--set <path=value>', 'change one field, such as train.batchSize=32; repeatable')
      .argParser(assignment)
      .default([], 'none'),
    dataOption(),
    new Option('--out <dir>', 'where the run directory is made')
      .argParser(folder('--out'))
      .default(outFolder, outFolder),
    new Option('--fresh', 'train every stage, those too that earlier runs have done'),
    new Option('--resume', 'resume the latest run of the same that did not come to its end'),
    ...submitOptions(),
    ...shownOptions(),
  ]
}

/** Those that change no result: of `gradpool resume`. */
export function resumeOptions(): Option[] {
  return [workersOption(), engineOption(), dataOption(), runsOption(), queueFileOption(), ...shownOptions()]
}

/** Of `gradpool worker`. */
export function workerOptions(): Option[] {
  return [
    ...queueOptions(),
    storeOption(),
    lockOption(),
    metricsOption(),
    workersOption(),
    engineOption(),
    quietOption(),
    inProcessOption(),
  ]
}

/** Of `gradpool verify`. */
export function verifyOptions(): Option[] {
  return [engineOption(), dataOption(), runsOption()]
}

function workersOption(): Option {
  const cores = Math.min(mostWorkers, availableCores())
  return new Option('--workers <n>', 'worker threads')
    .argParser(wholeNumber('--workers', 1, mostWorkers))
    .default(cores, `all cores, here ${cores}`)
}

function engineOption(): Option {
  return new Option('--engine <name>', `${engineNames.join(', ')}, or a module that exports another`)
    .argParser(module('--engine'))
    .default('auto', 'auto: native where it is built, else wasm')
}

function dataOption(): Option {
  return new Option(
    '--data <path>',
    'in the place of the data named: a folder of IDX files, or of a table another file',
  ).argParser(fileOrFolder('--data'))
}

/** Of every command that reads runs. */
export function runsOption(): Option {
  return new Option('--runs <dir>', 'where run directories are')
    .argParser(folder('--runs'))
    .default(outFolder, outFolder)
}

export function languageOption(): Option {
  return new Option(
    '--lang <name>',
    "en or ko: the words of all experiments; else the report's, in Korean, for its own alone",
  ).argParser(oneOf('--lang', languages))
}

function shownOptions(): Option[] {
  return [
    new Option('--checkpoint-every <seconds>', 'the most training that a crash can cost')
      .argParser(positiveNumber('--checkpoint-every', mostSeconds))
      .default(10, '10'),
    new Option('--stall-after <seconds>', 'a step that takes longer is started again (120)').argParser(
      positiveNumber('--stall-after', mostSeconds),
    ),
    new Option('--max-minutes <n>', 'stop gracefully after so long, to be resumed later').argParser(
      positiveNumber('--max-minutes', mostMinutes),
    ),
    new Option(
      '--profile <file>',
      'write what steps spend their time on as a Chrome trace, and print the ten largest',
    ).argParser(file('--profile')),
    new Option('--log <to>', 'log to tensorboard, mlflow, mlflow=URL, csv or jsonl besides; repeatable').argParser(
      logSink,
    ),
    new Option('--no-report', 'write no report.html at the end'),
    new Option('--dashboard', 'serve a page of all runs while it goes on, to this machine alone'),
    inProcessOption(),
    new Option('--json', 'print one JSON document at the end, and nothing else on stdout'),
    quietOption(),
    languageOption(),
    new Option('--verbose', 'let TensorFlow log on stderr'),
  ]
}

const quietOption = () => new Option('--quiet', 'print the table only')
const inProcessOption = () => new Option('--in-process', 'train in this process, where a crash ends all of it')
