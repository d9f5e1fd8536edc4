/** What failed for now is tried again, a few times, later each time. */
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

export interface RetryRule {
  /** How often it is tried in all. */
  readonly tries: number
  /** The longest wait before the second try; doubled with each. */
  readonly firstMs: number
  readonly mostMs: number
}

/** About ten seconds in all, so that a server may be started again meanwhile. */
export const RETRIES: RetryRule = { tries: 7, firstMs: 200, mostMs: 4000 }

/** The same may go well in a moment: no answer, a broken connection, a server that says so. */
export class TemporaryFailure extends Error {
  override name = 'TemporaryFailure'
}

/** Whether it comes of a failure for now, which the tries so far did not outlast. */
export function isTemporary(error: unknown): boolean {
  return error instanceof Error && (error instanceof TemporaryFailure || isTemporary(error.cause))
}

/** Waits are random, so that those who failed together do not come again together. @throws what the last try threw */
export async function withRetries<T>(rule: RetryRule, action: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof TemporaryFailure) || tried >= rule.tries) throw error
    }
    const most = Math.min(rule.firstMs * 2 ** (tried - 1), rule.mostMs)
    await delay(randomInt(Math.ceil(most / 2), most + 1))
  }
}
