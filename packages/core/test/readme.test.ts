/**
 * The README's example is the file beside this test, and it does what its comments say.
 */
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

test("the README's first example runs", async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const file = readFileSync(new URL('fit-a-line.ts', import.meta.url), 'utf8')
  const example = file.slice(file.indexOf('\n') + 1) // without the comment for the linter
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``)

  const log = vi.spyOn(console, 'log').mockReturnValue()
  await import('./fit-a-line.js')
  const [[text], [slope, intercept]] = log.mock.calls as [[string], [Float64Array, Float64Array]]
  expect(text).toContain('update slope = ')
  expect(slope[0]).toBeCloseTo(3, 3)
  expect(intercept[0]).toBeCloseTo(-1, 3)
})
