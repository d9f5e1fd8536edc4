/** The page as it is sent. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../dist/page')

async function files(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(html|css|js)$/.test(name))
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}

it('is small', async () => {
  const sizes = [...(await files()).values()].map((text) => gzipSync(text).length)
  expect(sizes.length).toBeGreaterThanOrEqual(3)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(300 * 1024)
})

it('has nothing in it that its policy forbids', async () => {
  for (const [name, text] of await files()) {
    if (name.endsWith('.html')) expect(text).not.toMatch(/ style=|<style|<script(?![^>]* src=)| on\w+=/)
    if (name.endsWith('.css')) expect(text).not.toMatch(/url\((?!["']?data:)|@import/)
    if (name.endsWith('.js')) expect(text).not.toMatch(/\beval\(|new Function\b/)
  }
})
