/** Whether a value that was read from a file is what it should be. */

export type Check = (value: unknown) => boolean

type Checked<C> = C extends (value: unknown) => value is infer T ? T : unknown

/** Whether it is an object, no array, whose fields pass these checks. */
export function hasFields<C extends Readonly<Record<string, Check>>>(
  value: unknown,
  checks: C,
): value is Record<string, unknown> & { readonly [Name in keyof C]: Checked<C[Name]> } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const name in checks) {
    const field: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
    if (checks[name]?.(field) !== true) return false
  }
  return true
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** A whole number of at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** SHA-256, hexadecimal. */
export function isHash(value: unknown): value is string {
  return isText(value) && /^[0-9a-f]{64}$/.test(value)
}
