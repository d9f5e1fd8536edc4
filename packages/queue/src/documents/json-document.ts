/** JSON documents of the queue: what they begin with, and their numbers, finite or not. */
import { UserError } from '@gradpool/core'
import { hasFields, isCount, parseJson } from '@gradpool/storage'

/** Those of metrics have a row with matrices in it. */
const MAX_DEPTH = 12

export interface Format {
  readonly format: string
  readonly formatVersion: number
}

export function encodeJson(format: Format, value: object): string {
  return JSON.stringify({ ...format, ...value }, written)
}

/**
 * @param where What the document is called in messages.
 * @throws UserError for what is no JSON object of this format and version
 */
export function decodeJson(text: string, { format, formatVersion }: Format, where: string): Record<string, unknown> {
  const wrong = (what: string) => new UserError(`${where} is no whole document '${format}': ${what}`)
  let value: unknown
  try {
    value = parseJson(text, MAX_DEPTH)
  } catch {
    throw wrong('it is not JSON')
  }
  if (!hasFields(value, { format: (its) => its === format, formatVersion: isCount })) throw wrong('it has no format')
  if (value.formatVersion === formatVersion) return value
  throw wrong(`it is of format version ${value.formatVersion}, and this Gradpool reads ${formatVersion}`)
}

/** JSON has no NaN and no infinity. */
function written(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value
}

const notFinite: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity }

/** What was written, with its numbers that are not finite. */
export function withNotFinite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNotFinite)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [[name, text] = []] = entries
  if (entries.length === 1 && name === 'number' && typeof text === 'string' && text in notFinite) {
    return notFinite[text]
  }
  return Object.fromEntries(entries.map(([key, each]) => [key, withNotFinite(each)]))
}
