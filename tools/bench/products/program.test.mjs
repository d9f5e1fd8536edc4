import { expect, test } from 'vitest'
import { instructionSetsOf } from '../../../packages/engine-cpu/native/instruction-sets.mjs'

// Nothing else that runs often imports it.
test('the program of products is loaded, and knows the instruction sets of this machine', async () => {
  const { compiled } = await import('./program.mjs')
  expect(() => compiled('nowhere', 'none')).toThrow("There are no native kernels for 'none'.")
  expect(instructionSetsOf(process.arch).length).toBeGreaterThan(0)
})
