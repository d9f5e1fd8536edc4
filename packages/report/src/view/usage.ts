/** What the process of a run took of its machine, over time: bounded, however long the run goes on. */

/** In seconds since the run was begun. */
export interface UsageSpan {
  readonly from: number
  readonly to: number
  /** That were busy, the mean. */
  readonly cores: number
  /** The most that was seen. */
  readonly memoryBytes: number
}

export const MOST_SPANS = 400
/** Between two samples of one process, in seconds; where more is, the run was down. */
const GAP = 1

export function withUsage(spans: readonly UsageSpan[], span: UsageSpan): readonly UsageSpan[] {
  const all = [...spans, span]
  if (all.length <= MOST_SPANS) return all
  const merged: UsageSpan[] = []
  for (let at = 0; at < all.length; at++) {
    const [one, next] = [all[at], all[at + 1]]
    if (one === undefined) continue
    if (next !== undefined && follows(one, next)) {
      merged.push(together(one, next))
      at++
    } else merged.push(one)
  }
  return merged.slice(-MOST_SPANS)
}

/** Whether nothing is between the two. */
export function follows(one: UsageSpan, next: UsageSpan): boolean {
  return next.from - one.to <= GAP
}

function together(one: UsageSpan, next: UsageSpan): UsageSpan {
  const [first, second] = [one.to - one.from, next.to - next.from]
  const cores = (one.cores * first + next.cores * second) / (first + second || 1)
  return { from: one.from, to: next.to, cores, memoryBytes: Math.max(one.memoryBytes, next.memoryBytes) }
}
