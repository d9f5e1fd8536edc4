/**
 * JSON that ends with a SHA-256 of all before it, so that no change goes unseen:
 *
 *     {
 *       "format": "…",
 *       "checksum": "<64 hexadecimal digits>"
 *     }
 */
import { UserError } from '@gradpool/core'
import { hasFields, isCount } from './json-checks.js'
import { sha256 } from './sha256.js'

/**
 * @param value It has a field at least.
 * @param indent Columns; 0 for what only programs read, all on one line.
 */
export function sealJson(
  value: object,
  replacer?: (key: string, value: unknown) => unknown,
  indent: 0 | 2 = 2,
): string {
  const body = JSON.stringify(value, replacer, indent).slice(0, indent === 0 ? -1 : -2)
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
  const body = withoutSeal(text)
  return { value: JSON.parse(body ?? text, reviver), isWhole: body !== undefined }
}

/** The JSON that was sealed; undefined for a text without a seal that fits. */
export function withoutSeal(text: string): string | undefined {
  const body = text.slice(0, -SEAL_LENGTH)
  return text.endsWith(sealOf(body)) ? `${body}\n}` : undefined
}

/** @throws UserError for the content of a file that is of this format, in another version of it */
export function refuseOtherVersion(value: unknown, path: string, format: string, version: number): void {
  if (!hasFields(value, { format: (its) => its === format, formatVersion: isCount })) return
  if (value.formatVersion === version) return
  throw new UserError(`'${path}' is of format version ${value.formatVersion}, and this Gradpool reads ${version}`)
}

function sealOf(body: string): string {
  return `,\n  "checksum": "${sha256(body)}"\n}\n`
}

const SEAL_LENGTH = sealOf('').length
