/** The README's example runs, and does what its comments say. */
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { weightsHash } from '../src/index.js'

test("the README's first example runs", async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const file = readFileSync(new URL('keep-weights.ts', import.meta.url), 'utf8')
  const example = file.slice(file.indexOf('\n') + 1) // without the comment for the linter
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``)

  const log = vi.spyOn(console, 'log').mockReturnValue()
  await import('./keep-weights.js')
  const hash = weightsHash({ 'hidden.weight': Float32Array.of(1, 2, 3, 4, 5, 6) })
  expect(log).toHaveBeenCalledExactlyOnceWith(hash)
})
