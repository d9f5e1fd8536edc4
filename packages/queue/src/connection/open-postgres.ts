/** Looks at a PostgreSQL before BullMQ works on it: what is wrong there is one sentence. */
import { UserError } from '@gradpool/core'
import { codeOf, messageOf } from '@gradpool/storage'
import type pg from 'pg'
import type { QueueAddress } from './queue-address.js'

const CONNECT_MS = 5000
/** The oldest that BullMQ takes. */
const OLDEST = 13

/** For BullMQ, which makes connections of its own. */
export interface PostgresOptions {
  readonly connectionString: string
  readonly connectionTimeoutMillis: number
  /** Of all tables that are ours. */
  readonly schema: string
  readonly migrate: true
}

export function postgresOptions({ secret }: QueueAddress, schema: string): PostgresOptions {
  return { connectionString: secret, connectionTimeoutMillis: CONNECT_MS, schema, migrate: true }
}

/** @throws UserError in one sentence */
export async function lookAtPostgres(address: QueueAddress): Promise<void> {
  const { Client } = await loadPg()
  const client = new Client({ connectionString: address.secret, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await look(client, address)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(postgresSentence(error, address.shown), { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function look(client: pg.ClientBase, { shown }: QueueAddress): Promise<void> {
  const { rows } = await client.query<{ version: string; replica: boolean }>(
    "select current_setting('server_version_num') as version, pg_is_in_recovery() as replica",
  )
  const [{ version, replica } = { version: '0', replica: false }] = rows
  const major = Math.floor(Number(version) / 10_000)
  if (major < OLDEST) {
    throw new UserError(`The PostgreSQL at ${shown} is version ${major}, and ${OLDEST} or newer is needed`)
  }
  if (replica) {
    throw new UserError(`The PostgreSQL at ${shown} is a replica, which takes no jobs: give the address of its primary`)
  }
}

/** @throws UserError where the package is not installed */
async function loadPg(): Promise<typeof pg> {
  try {
    return (await import('pg')).default
  } catch (error) {
    throw new UserError('A queue on PostgreSQL needs the package pg: npm install pg', { cause: error })
  }
}

/** What an error of a connection means, as one sentence. */
export function postgresSentence(error: unknown, shown: string): string {
  const message = messageOf(error)
  const code = codeOf(error)
  const at = `at ${shown}`
  if (message.includes('password must be a string')) {
    return `The PostgreSQL ${at} asks for a password: put the whole address into the variable GRADPOOL_QUEUE, or into a file for --queue-file`
  }
  if (code === '28P01' || code === '28000') return `The PostgreSQL ${at} refuses the password or the user`
  if (code === '3D000') return `The PostgreSQL ${at} has no such database`
  if (code === '42501') return `The user of the PostgreSQL ${at} may not make the tables of a queue: ${message}`
  if (code === '53100') return `The disk of the PostgreSQL ${at} is full`
  if (code === '53300') return `The PostgreSQL ${at} takes no more connections: raise max_connections`
  if (code === '25006') return `The PostgreSQL ${at} may not be written: give the address of its primary`
  if (code === '57P03') return `The PostgreSQL ${at} is starting: try again in a moment`
  if (code === 'ECONNREFUSED') return `There is no PostgreSQL ${at}: the connection was refused`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no PostgreSQL ${at}: its host has no address`
  if (/timeout/i.test(message) || code === 'ETIMEDOUT') return `There is no answer from a PostgreSQL ${at}`
  return `The PostgreSQL ${at} cannot be used: ${message}`
}
