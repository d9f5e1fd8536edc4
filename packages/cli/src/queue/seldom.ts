/** What a connection says again and again while its server is gone is told once a minute. */
const AGAIN_MS = 60_000
/** Sentences that are remembered; they name what they are about. */
const MOST_KNOWN = 100

export function seldom(tell: (message: string) => void): (message: string) => void {
  const toldAt = new Map<string, number>()
  return (message) => {
    const now = performance.now()
    if (now - (toldAt.get(message) ?? -Infinity) < AGAIN_MS) return
    if (toldAt.size >= MOST_KNOWN) toldAt.clear()
    toldAt.set(message, now)
    tell(message)
  }
}
