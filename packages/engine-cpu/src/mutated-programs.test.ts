/**
 * Programs as a damaged or forged file may have them; `npm run test:programs` tries more of them.
 */
import { type Engine } from '@gradpool/core/engine'
import { contractSources, judge, mutatedProgram, Random, type Verdict } from '@gradpool/engine-contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets, wasmEngine } from './index.js'

const NUM_PROGRAMS = 300

const engines: Engine[] = []
beforeAll(async () => {
  const makers = nativeInstructionSets().length > 0 ? [wasmEngine, nativeEngine] : [wasmEngine]
  for (const make of makers) engines.push(await make({ memoryBytes: 2 ** 27 }))
})
afterAll(async () => {
  for (const engine of engines) await engine.dispose()
})

test('a mutated Program is refused in a sentence, or all engines give its results', { timeout: 60_000 }, async () => {
  const sources = contractSources()
  const counts: Record<Verdict, number> = { refused: 0, alike: 0, right: 0 }
  for (let seed = 0; seed < NUM_PROGRAMS; seed++) {
    const random = new Random(seed)
    const mutated = mutatedProgram(random.of(sources), random)
    try {
      counts[await judge(mutated, engines)] += 1
    } catch (cause) {
      throw new Error(`mutated Program ${seed}, of ${mutated.source}: ${String(cause)}`, { cause })
    }
  }
  // Mutations that all were refused, or all were left alone, would say nothing.
  expect(counts.refused).toBeGreaterThan(NUM_PROGRAMS / 10)
  expect(counts.right).toBeGreaterThan(NUM_PROGRAMS / 10)
})
