/** What a request is refused for: a status of HTTP, and one sentence for whoever sent it. */
import { UserError } from '@gradpool/core'
import { visibleOnOneLine } from '@gradpool/core/engine'

export class Refusal extends UserError {
  override name = 'Refusal'

  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence)
  }
}

const MOST_QUOTED = 40

/** A text of the request as a sentence may quote it. */
export function quoted(text: string): string {
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text
  return `'${visibleOnOneLine(short)}'`
}

/** What a value of JSON is, for a sentence. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}
