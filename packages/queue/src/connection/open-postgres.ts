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

/** Another one for each namespace; BullMQ takes letters, digits and underscores. */
export function schemaOf(namespace: string): string {
  return `gradpool_${namespace.replaceAll('_', '__').replaceAll('-', '_h')}`
}

export function postgresOptions({ secret }: QueueAddress, schema: string): PostgresOptions {
  return { connectionString: secret, connectionTimeoutMillis: CONNECT_MS, schema, migrate: true }
}

/** @param schema of all tables that are ours. @throws UserError in one sentence */
export async function lookAtPostgres(address: QueueAddress, schema: string): Promise<void> {
  const { Client } = await loadPg()
  const client = new Client({ connectionString: address.secret, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await look(client, address, schema)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(postgresSentence(error, address.shown), { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}

interface Facts {
  readonly version: string
  readonly replica: boolean
  readonly readonly: boolean
  /** Whether the schema may be made, as BullMQ asks even where it is there. */
  readonly usable: boolean
}

const FACTS = `select
  current_setting('server_version_num') as version,
  pg_is_in_recovery() as replica,
  current_setting('transaction_read_only') = 'on' as readonly,
  has_database_privilege(current_database(), 'create') as usable`

async function look(client: pg.ClientBase, { shown }: QueueAddress, schema: string): Promise<void> {
  const { rows } = await client.query<Facts>(FACTS)
  const [facts] = rows
  if (facts === undefined) throw new Error('it does not say what it is')
  const major = Math.floor(Number(facts.version) / 10_000)
  if (major < OLDEST) {
    throw new UserError(`The PostgreSQL at ${shown} is version ${major}, and ${OLDEST} or newer is needed`)
  }
  if (facts.replica) {
    throw new UserError(`The PostgreSQL at ${shown} is a replica, which takes no jobs: give the address of its primary`)
  }
  if (facts.readonly)
    throw new UserError(`The PostgreSQL at ${shown} may not be written: give the address of its primary`)
  if (!facts.usable) {
    throw new UserError(
      `The user of the PostgreSQL at ${shown} may not make the tables of a queue, in the schema ${schema}`,
    )
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

/**
 * What an error of a connection means, as one sentence.
 *
 * @param wasThere Whether a PostgreSQL has answered there before.
 */
export function postgresSentence(error: unknown, shown: string, wasThere = false): string {
  const message = messageOf(error)
  const code = codeOf(error)
  const at = `at ${shown}`
  if (wasThere && (code === 'ECONNRESET' || /terminat(?:ed unexpectedly|ing connection)/.test(message))) {
    return `The PostgreSQL ${at} has ended the connection`
  }
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
