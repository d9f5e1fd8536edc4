// Reading takes memory for the fields, and little more: measured in processes of their own.
import { execFile } from 'node:child_process'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { emptyFolder } from '../gradpool.js'
import { isLong } from './is-long.js'

const reads = fileURLToPath(new URL('../fixtures/reads.mjs', import.meta.url))
/** Beside the fields: blocks of the file, values of one row group, and what is not collected yet. */
const BASE_BYTES = 2 ** 27

type Write = (path: string, numRows: number) => Promise<void>

const table = (rows: number) =>
  `SELECT i::DOUBLE / 7 a, (i * 31 % 1000)::DOUBLE b, i % 97 c, i::DOUBLE / 3 y FROM range(${rows}) t(i)`

async function query(sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run(sql)
  connection.closeSync()
  instance.closeSync()
}

const writeNpy =
  (descr: string, bytes: number): Write =>
  async (path, numRows) => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${numRows}, 4), }`.padEnd(117)
    const file = await open(path, 'w')
    await file.write(
      Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]), Buffer.from(`${header}\n`)]),
    )
    const block = new Uint8Array(4 * bytes * 1000)
    for (let row = 0; row < numRows; row += 1000) await file.write(block)
    await file.close()
  }

const kinds: Readonly<Record<string, readonly [kind: string, write: Write]>> = {
  csv: ['csv', (path, rows) => query(`COPY (${table(rows)}) TO '${path}' (FORMAT csv)`)],
  'csv with a BOM': [
    'csv',
    async (path, rows) => {
      await writeFile(path, '\ufeffa,b,c,y\n')
      const file = await open(path, 'a')
      for (let row = 0; row < rows; row += 1000) await file.write('0.125,12,33,4.5\n'.repeat(1000))
      await file.close()
    },
  ],
  parquet: [
    'parquet',
    (path, rows) => query(`COPY (${table(rows)}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 50000)`),
  ],
  'npy of f4': ['npy', writeNpy('<f4', 4)],
  'npy of f8': ['npy', writeNpy('<f8', 8)],
  'npy of u1': ['npy', writeNpy('|u1', 1)],
}

test.runIf(isLong).each(Object.entries(kinds))(
  'reading %s peaks within 1.2 times its fields, and a base',
  async (_, [kind, write]) => {
    const folder = await emptyFolder()
    const [small, large] = [join(folder, `small.${kind}`), join(folder, `large.${kind}`)]
    await write(small, 100_000)
    // 256 MB of f32; bytes are a quarter of it.
    await write(large, 16_000_000)
    const { stdout } = await promisify(execFile)(process.execPath, [reads, kind, large, small])
    const { bytes, growth } = JSON.parse(stdout) as { bytes: number; growth: number }
    expect(bytes).toBeGreaterThanOrEqual(64e6)
    expect(growth).toBeGreaterThan(bytes / 2)
    expect(growth).toBeLessThan(1.2 * bytes + BASE_BYTES)
  },
  600_000,
)
