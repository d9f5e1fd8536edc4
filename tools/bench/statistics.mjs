/** Medians and spread, and rounds that interleave the competitors. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Half the distance between the quartiles, relative to the median. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))]
  return (at(0.75) - at(0.25)) / 2 / median(values)
}

/**
 * Times each runner in turn, round after round, after a warm-up. Each timing runs for about `milliseconds`.
 *
 * @returns runner's name → microseconds per step of each round
 */
export async function interleave(runners, { rounds, milliseconds }) {
  const steps = new Map()
  for (const runner of runners) {
    let count = 1
    for (let elapsed = 0; elapsed < milliseconds; count *= 2) elapsed = await time(runner, count)
    steps.set(runner, Math.max(1, Math.round(count / 2)))
  }
  const samples = new Map(runners.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) {
      const count = steps.get(runner)
      samples.get(runner.name).push((1000 * (await time(runner, count))) / count)
    }
  }
  return samples
}

async function time(runner, steps) {
  const started = performance.now()
  const loss = await runner.run(steps)
  if (!Number.isFinite(loss)) throw new Error(`${runner.name} ended with a loss of ${loss}`)
  return performance.now() - started
}
