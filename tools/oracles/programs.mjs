/**
 * Writes the random calculations that programs_jax.py evaluates: those of the first numbers from 0 on that are
 * well-conditioned.
 *
 *     node programs.mjs FILE [--count 500]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { digestOf, isWellConditioned, randomCalculation } from '@gradpool/engine-contract'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '500' } },
})
const [file] = positionals
if (file === undefined) throw new Error('usage: node programs.mjs FILE [--count 500]')
const count = Number(values.count)
const entries = []
let seed = 0
for (; entries.length < count; seed++) {
  const calculation = randomCalculation(seed)
  if (isWellConditioned(calculation)) entries.push({ digest: digestOf(calculation.recipe), recipe: calculation.recipe })
}
writeFileSync(file, JSON.stringify(entries))
console.log(`${count} of ${seed} calculations`)
