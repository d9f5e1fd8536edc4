/**
 * The address of a queue: `redis://host:6379/0`, `rediss://…` over TLS, or `postgres://user@host:5432/database`.
 *
 * A password comes from the variable GRADPOOL_QUEUE or from a file, each with the whole address, and stays in memory:
 * what is shown, recorded and compared is the address without it.
 */
import { UserError } from '@gradpool/core'
import { reasonOf } from '@gradpool/storage'
import { readFileSync } from 'node:fs'

export interface QueueAddress {
  readonly kind: 'redis' | 'postgres'
  /** Without a password: for people, records and comparisons. */
  readonly shown: string
  /** With the password, where there is one. Not to be logged or written. */
  readonly secret: string
}

export const QUEUE_VARIABLE = 'GRADPOOL_QUEUE'

const kinds = new Map<string, { readonly kind: QueueAddress['kind']; readonly port: string }>([
  ['redis:', { kind: 'redis', port: '6379' }],
  ['rediss:', { kind: 'redis', port: '6379' }],
  ['postgres:', { kind: 'postgres', port: '5432' }],
  ['postgresql:', { kind: 'postgres', port: '5432' }],
])

/** Parameters of an address that are none of a password's. */
const harmless = new Set(['sslmode', 'application_name'])

/**
 * @param from what the sentence calls it, such as `--queue`; never the text itself, which may have a password
 * @throws UserError where it is none
 */
export function parseQueueAddress(text: string, from: string): QueueAddress {
  const typed = text.trim()
  const url = URL.canParse(typed) ? new URL(typed) : undefined
  const known = kinds.get(url?.protocol ?? '')
  if (url === undefined || known === undefined || url.hostname === '' || url.hash !== '') {
    throw new UserError(
      `${from} must be the address of a queue, such as redis://host:6379 or postgres://user@host/name`,
    )
  }
  const { kind, port } = known
  const place = kind === 'redis' ? /^\/?\d{0,5}$/ : /^\/[^/]+$/
  if (!place.test(url.pathname)) {
    const what = kind === 'redis' ? 'a number, as of redis://host:6379/0,' : 'the name of a database'
    throw new UserError(`${from} must have ${what} after its host`)
  }
  const odd = [...url.searchParams.keys()].find((name) => !harmless.has(name))
  if (odd !== undefined) throw new UserError(`${from} has a parameter that is not known there: '${odd}'`)
  const shown = new URL(url)
  shown.password = ''
  shown.port ||= port
  if (shown.pathname === '/0' || shown.pathname === '/') shown.pathname = ''
  return { kind, shown: shown.href, secret: url.href }
}

export function hasPassword({ secret }: QueueAddress): boolean {
  return new URL(secret).password !== ''
}

export interface GivenAddress {
  /** Of `--queue`, or of a run's record. */
  readonly address?: string | undefined
  /** Of `--queue-file`. */
  readonly file?: string | undefined
  /** Of GRADPOOL_QUEUE. */
  readonly variable?: string | undefined
}

/**
 * What is given on the command line is the queue, and what the variable or the file has for the same place gives the
 * password; where nothing is on the command line, these are the queue.
 *
 * @throws UserError where none is given, or a password on the command line
 */
export function queueAddress({ address, file, variable }: GivenAddress): QueueAddress {
  const fromFile = file === undefined ? undefined : parseQueueAddress(readFrom(file), `the file '${file}'`)
  const known = fromFile ?? (variable ? parseQueueAddress(variable, QUEUE_VARIABLE) : undefined)
  if (address === undefined) {
    if (known) return known
    throw new UserError(`Say which queue: --queue redis://host:6379, or the variable ${QUEUE_VARIABLE}`)
  }
  const asked = parseQueueAddress(address, '--queue')
  if (hasPassword(asked)) {
    throw new UserError(
      `A password on the command line can be read by everybody on this machine: put the whole address into the variable ${QUEUE_VARIABLE}, or into a file for --queue-file`,
    )
  }
  if (known && isSamePlace(asked, known)) return known
  if (fromFile) throw new UserError(`--queue is ${asked.shown}, and the file '${file ?? ''}' has ${fromFile.shown}`)
  return asked
}

/** A user may be left out on the command line. */
function isSamePlace(asked: QueueAddress, known: QueueAddress): boolean {
  const [a, b] = [new URL(asked.shown), new URL(known.shown)]
  if (a.username === '') b.username = ''
  return a.href === b.href
}

/** @throws UserError where it cannot be read */
function readFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UserError(`The file '${file}' of --queue-file cannot be read: ${reasonOf(error)}`, { cause: error })
  }
}
