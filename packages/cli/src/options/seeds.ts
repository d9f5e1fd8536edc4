/**
 * `--seed 3`, `--seed 0,1,2`, `--seed 0..4`, and mixtures: the seeds a run is repeated with, each once, in that order.
 */
import { UserError } from '@gradpool/core'
import { quoted } from './values.js'

const largestSeed = 2 ** 32 - 1
const mostSeeds = 10_000

export function parseSeeds(typed: string): number[] {
  const seeds = new Set<number>()
  for (const part of typed.split(',')) {
    const [first, last] = rangeOf(part.trim(), typed)
    if (last - first >= mostSeeds) throw tooMany(typed)
    for (let seed = first; seed <= last; seed += 1) seeds.add(seed)
    if (seeds.size > mostSeeds) throw tooMany(typed)
  }
  return [...seeds]
}

function rangeOf(part: string, typed: string): [number, number] {
  const match = /^(\d{1,10})(?:\.\.(\d{1,10}))?$/.exec(part)
  const first = Number(match?.[1])
  const last = match?.[2] === undefined ? first : Number(match[2])
  if (match !== null && first <= last && last <= largestSeed) return [first, last]
  throw new UserError(
    `--seed must be whole numbers from 0 to ${largestSeed}, such as 0,1,2 or 0..4, not ${quoted(typed)}`,
  )
}

function tooMany(typed: string): UserError {
  return new UserError(`--seed takes at most ${mostSeeds} seeds, and ${quoted(typed)} has more`)
}
