import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { csv, loadDataset, sql } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

test('the rows of a query over a file are those of the file', async () => {
  const path = join(await tempFolder(), 'flowers.csv')
  await writeFile(path, 'petal,sepal,kind\n5.1,3.5,rose\n4.9,0.1,aster\n6.25,2.2,rose\n')
  const options = { target: 'kind', test: 1 }
  const [queried, read] = await Promise.all([
    loadDataset(sql(`SELECT * FROM '${path}'`, options)),
    loadDataset(csv(path, options)),
  ])
  expect(queried.hash).toBe(read.hash)
  expect(queried.classNames).toEqual(['aster', 'rose'])
  expect(queried.splits.test?.rows).toEqual(read.splits.test?.rows)
  expect(queried.name).toBe('sql')
})

test('numbers of all kinds, and rows in their order', async () => {
  const query =
    'SELECT range AS big, range::HUGEINT AS huge, range / 4 AS part, (range * 0.5)::DECIMAL(9, 1) AS fixed, range > 1 AS is_large FROM range(5000)'
  const { columns, fields, categories } = await loadDataset(sql(query, { name: 'numbers' }))
  expect(columns).toEqual(['big', 'huge', 'part', 'fixed', 'is_large'])
  expect(categories).toEqual({ is_large: ['false', 'true'] })
  expect([...(fields.train.x?.values.subarray(5 * 4999) ?? [])]).toEqual([4999, 4999, 4999 / 4, 2499.5, 1])
})

test('a database of its own is only read', async () => {
  const database = join(await tempFolder(), 'houses.duckdb')
  const instance = await DuckDBInstance.create(database)
  const connection = await instance.connect()
  await connection.run('CREATE TABLE houses AS SELECT range AS size, range * 2 AS price FROM range(10)')
  connection.closeSync()
  instance.closeSync()
  const { fields } = await loadDataset(sql('FROM houses ORDER BY size DESC', { database, target: 'price' }))
  expect([...(fields.train.y?.values ?? [])].slice(0, 2)).toEqual([18, 16])
  const message = await userErrorOf(() => loadDataset(sql('DROP TABLE houses', { database })))
  expect(message).toMatch(/^sql: DuckDB says: .*read-only/)
})

test('one sentence for what is wrong', async () => {
  const wrong = [
    [sql('SELEC 1'), /^sql: DuckDB says: .*Parser Error: syntax error at or near "SELEC"$/],
    [sql("FROM 'none.parquet'"), /^sql: DuckDB says: .*No files found/],
    [sql('SELECT 1 AS a WHERE false'), /^sql is empty, expected rows$/],
    [sql('SELECT 1 AS a', { database: 'none.duckdb' }), /^none\.duckdb: DuckDB says: /],
    [sql('SELECT [1, 2] AS a'), /^sql has in row 1, column 'a', \[.*\], expected a number or a text$/],
    [sql('SELECT NULL AS a'), /^sql has no value in row 1, column 'a'/],
    [
      sql("SELECT 1 / range AS a, error('stop') AS b FROM range(3)", { name: 'numbers' }),
      /^numbers: DuckDB says: .*stop/,
    ],
  ] as const
  for (const [spec, message] of wrong) expect(await userErrorOf(() => loadDataset(spec))).toMatch(message)
  expect(await userErrorOf(() => loadDataset(sql('SELECT 1 AS a'), { directory: 'other' }))).toMatch(
    /^The data 'sql' are a query, so no folder can take their place$/,
  )
})
