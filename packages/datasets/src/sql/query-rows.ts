/**
 * The rows of a query, by DuckDB: over its own databases, and CSV, Parquet and JSON files. It runs on one thread, so
 * that rows without an `ORDER BY` come in one order, and opens no connection of its own.
 */
import { UserError } from '@gradpool/core'
import type * as DuckDb from '@duckdb/node-api'
import { importInstalled } from '../import-installed.js'
import type { TableSpec } from '../table/table-spec.js'

const settings = {
  threads: '1',
  preserve_insertion_order: 'true',
  autoinstall_known_extensions: 'false',
}

/** @throws UserError with one sentence where DuckDB is not installed, or refuses the query */
export async function* queryRows({ path, query = '', database }: TableSpec): AsyncGenerator<object> {
  const { DuckDBInstance } = await loadDuckDb()
  const access = database === undefined ? {} : { access_mode: 'READ_ONLY' }
  const instance = await told(database ?? path, () =>
    DuckDBInstance.create(database ?? ':memory:', { ...settings, ...access }),
  )
  try {
    const connection = await instance.connect()
    try {
      const result = await told(path, () => connection.stream(query))
      const batches = result.yieldRowObjectJs()[Symbol.asyncIterator]()
      for (;;) {
        const batch = await told(path, () => batches.next())
        if (batch.done === true) return
        yield* batch.value
      }
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

async function loadDuckDb(): Promise<typeof DuckDb> {
  try {
    return (await importInstalled('@duckdb/node-api')) as typeof DuckDb
  } catch (cause) {
    throw new UserError('sql() needs DuckDB: npm install @duckdb/node-api', { cause })
  }
}

/** What DuckDB says has a sentence, and then a drawing of the place in the query. */
async function told<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UserError(`${what}: DuckDB says: ${sentence.trim()}`, { cause: error })
  }
}
