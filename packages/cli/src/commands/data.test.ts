import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { main } from '../main.js'
import { keptIo } from '../testing/streams.js'

const folder = mkdtempSync(join(tmpdir(), 'gradpool-data-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function data(content: string, ...options: readonly string[]) {
  const path = join(folder, 'houses.csv')
  writeFileSync(path, content)
  const { io, stdout, stderr } = keptIo()
  const code = await main(['data', path, ...options], io)
  return { code, stdout: stdout(), stderr: stderr() }
}

const houses = 'size,city,price\n50,Oslo,310\n60,Bonn,\n70.5,Oslo,400\n'

test('a row for each column', async () => {
  const { code, stdout } = await data(houses)
  expect(code).toBe(0)
  expect(stdout).toMatch(/houses\.csv: 3 rows, 3 columns\n/)
  expect(stdout).toMatch(/^size +number +0 +50 +70\.5 +60\.1667 +50 \(1\), 60 \(1\), 70\.5 \(1\)$/m)
  expect(stdout).toMatch(/^city +text +0 +– +– +– +Oslo \(2\), Bonn \(1\)$/m)
  expect(stdout).toMatch(/^price +number +1 +310 +400 +355 /m)
})

test('the same as JSON', async () => {
  const { code, stdout } = await data(houses, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ rows: 3, columns: [{ name: 'size' }, { name: 'city' }, { missing: 1 }] })
})

test('a text by its characters, words and lines', async () => {
  const path = join(folder, 'book.txt')
  writeFileSync(path, 'a whale\nand a boat \u001b[31m and a captain, who wrote: 1851; ABCDEFGHIJ?!')
  const { io, stdout } = keptIo()
  expect(await main(['data', path], io)).toBe(0)
  expect(stdout()).toMatch(/book\.txt: 69 characters\n/)
  expect(stdout()).toMatch(/^character +text +0 +– +– +– +38 different: " " \(11\), a \(9\), /m)
  expect(stdout()).toMatch(/^word +text +0 +– +– +– +a \(3\), and \(2\), whale \(1\), /m)
  expect(stdout()).toMatch(/^line length +number +0 +7 +61 +34 /m)
  expect(stdout()).not.toContain('\u001b')
})

test('commands to a terminal are written out', async () => {
  const { stdout } = await data('a\u001b[31m,b\n1,\u001b]0;x\u0007\n')
  expect(['\u001b', '\u0007'].filter((command) => stdout.includes(command))).toEqual([])
  expect(stdout).toContain('a\\u001b[31m')
})

test('a file that is none is refused in one sentence', async () => {
  const { code, stdout, stderr } = await data('a,b\n1\n')
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^[^\n]*houses\.csv has 1 cell in line 2, expected 2\n$/)
})

test('rows are written to a folder, which is shown and checked', async () => {
  const path = join(folder, 'whole.csv')
  writeFileSync(path, 'size,city,price\n50,Oslo,310\n60,Bonn,320\n70.5,Oslo,400\n')
  const run = async (...args: readonly string[]) => {
    const { io, stdout, stderr } = keptIo()
    return { code: await main(['data', ...args], io), stdout: stdout(), stderr: stderr() }
  }
  const set = join(folder, 'set')
  const prepared = await run(path, '--prepare', set, '--target', 'price')
  expect(prepared).toMatchObject({ code: 0, stderr: '' })
  expect(prepared.stdout).toMatch(/set: 3 rows of x f32\[2\], y f32\[\], 0\.0 MB\n$/)
  expect((await run(set)).stdout).toMatch(/set: 3 rows, 2 columns\n[^]*^y +number +0 +310 +400 +343\.333 /m)
  expect(await run(set, '--verify')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/3 rows, as they were written\n$/) as string,
  })
  const refused = await run(path, '--prepare', set, '--target', 'size')
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toMatch(/^[^\n]*set has other rows already: remove it, or name another folder\n$/)
  expect((await run(set, '--target', 'x', '--prepare', 'no')).stderr).toMatch(
    /--target is for tables, and [^\n]*set is none/,
  )
  const without = await run(path, '--target', 'price')
  expect(without.stderr).toBe('--target says how rows are written, so it needs --prepare\n')
})
