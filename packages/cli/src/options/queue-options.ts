/** The options of commands that use a queue: which one, which store, and how jobs are put there. */
import { Option } from 'commander'
import { fileOrFolder, file, listenAddress, positiveNumber, text, wholeNumber } from './values.js'

/** Which queue. */
export interface QueueChoice {
  /** Its address, without a password. */
  readonly queue?: string
  /** A file with its whole address. */
  readonly queueFile?: string
  readonly namespace: string
}

/** How a run puts its stages into a queue. */
export interface SubmitOptions extends Partial<QueueChoice> {
  /** The address of a store that the workers reach, too. */
  readonly store?: string
  readonly storeHost?: string
  readonly priority?: number
  readonly jobMinutes?: number
  readonly detach?: boolean
}

const mostMinutes = 35_000

export function queueOptions(): Option[] {
  return [
    new Option('--queue <address>', 'the queue, as redis://host:6379 or postgres://user@host/name').argParser(
      text('--queue', 'the address of a queue'),
    ),
    queueFileOption(),
    new Option('--namespace <name>', 'which of the projects that share the queue’s server')
      .argParser(text('--namespace', 'a name'))
      .default('default', 'default'),
  ]
}

export function queueFileOption(): Option {
  return new Option(
    '--queue-file <file>',
    'a file with the queue’s whole address, where it has a password; the variable GRADPOOL_QUEUE has it, too',
  ).argParser(file('--queue-file'))
}

export function storeOption(): Option {
  return new Option(
    '--store <address>',
    'where programs, data and results lie: file:FOLDER that all machines see, or s3://bucket/prefix',
  ).argParser(fileOrFolder('--store'))
}

/** Of `gradpool worker`. */
export function metricsOption(): Option {
  return new Option(
    '--metrics <port>',
    'tell of metrics and health over HTTP, to this machine alone; 0.0.0.0:9100 tells all that reach it',
  ).argParser(listenAddress('--metrics'))
}

/** Of `gradpool run`, besides. */
export function submitOptions(): Option[] {
  return [
    ...queueOptions(),
    storeOption(),
    new Option(
      '--store-host <host>',
      'with --queue and no --store: this machine’s name or address, under which workers reach the store that it serves',
    ).argParser(text('--store-host', 'a host')),
    new Option('--priority <n>', 'with --queue: 1 is before all others, 9 after them')
      .argParser(wholeNumber('--priority', 1, 9))
      .default(5, '5'),
    new Option('--job-minutes <n>', 'with --queue: a stage that a worker trains for longer fails').argParser(
      positiveNumber('--job-minutes', mostMinutes),
    ),
    new Option('--detach', 'with --queue and --store: do not wait; `gradpool watch` does'),
  ]
}
