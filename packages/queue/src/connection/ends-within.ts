/**
 * BullMQ's commands wait for their server to come back, however long that takes; what begins or ends a process does
 * not.
 */
import { setTimeout } from 'node:timers/promises'

/** So long a server may take to answer at the start and at the end. */
export const ANSWER_MS = 20_000

/** Whether work ends in time. What it throws then is thrown here; what it throws later is nobody's. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const late = setTimeout(ms, false, { signal: timer.signal })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    timer.abort()
    // It is rejected by that.
    late.catch(() => undefined)
  }
}

interface Part {
  close(): Promise<void>
  disconnect(): Promise<void>
}

/** Parts of BullMQ, closed; cut off where their server does not answer so soon. */
export async function closeParts(parts: readonly Part[], mostMs = ANSWER_MS): Promise<void> {
  const isClosed = await endsWithin(mostMs, Promise.allSettled(parts.map((part) => part.close())))
  if (!isClosed) cutOff(...parts)
}

export function cutOff(...parts: Pick<Part, 'disconnect'>[]): void {
  for (const part of parts) void part.disconnect().catch(() => undefined)
}
