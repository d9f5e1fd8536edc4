/**
 * JSON that ends with a SHA-256 of all before it, so that no change goes unseen:
 *
 *     {
 *       "format": "…",
 *       "checksum": "<64 hexadecimal digits>"
 *     }
 */
import { sha256 } from './file-hash.js'

/** @param value It has a field at least. */
export function sealJson(value: object, replacer?: (key: string, value: unknown) => unknown): string {
  const body = JSON.stringify(value, replacer, 2).slice(0, -2)
  return body + sealOf(body)
}

/**
 * What was sealed, or what a text without a seal that fits has, so that its format can be told.
 *
 * @throws SyntaxError for what is no JSON
 */
export function openSealed(
  text: string,
  reviver?: (key: string, value: unknown) => unknown,
): { readonly value: unknown; readonly isWhole: boolean } {
  const body = text.slice(0, -SEAL_LENGTH)
  const isWhole = text === body + sealOf(body)
  return { value: JSON.parse(isWhole ? `${body}\n}` : text, reviver), isWhole }
}

function sealOf(body: string): string {
  return `,\n  "checksum": "${sha256(body)}"\n}\n`
}

const SEAL_LENGTH = sealOf('').length
