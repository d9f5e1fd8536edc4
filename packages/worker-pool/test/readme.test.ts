/** The README's example runs, and does what its comments say. */
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

test("the README's first example runs", async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const file = readFileSync(new URL('count-primes.ts', import.meta.url), 'utf8')
  const example = file.slice(file.indexOf('\n') + 1) // without the comment for the linter
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``)

  const log = vi.spyOn(console, 'log').mockReturnValue()
  await import('./count-primes.js')
  expect(log).toHaveBeenCalledExactlyOnceWith([168, 71, 64])
})
