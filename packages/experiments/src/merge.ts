/**
 * How a preset changes a configuration: objects are merged field by field, lists of objects entry
 * by entry, and everything else is replaced, models and arrays of numbers too. An object of another
 * `kind` replaces the whole.
 */

type PlainObject = Readonly<Record<string, unknown>>

export function merge(base: unknown, change: unknown): unknown {
  if (isListOfObjects(base) && isListOfObjects(change)) {
    const length = Math.max(base.length, change.length)
    return Array.from({ length }, (_, i) => (i < change.length ? merge(base[i], change[i]) : base[i]))
  }
  if (!isObject(base) || !isPlainObject(change)) return change
  if ('kind' in change && change.kind !== base.kind) return change
  const merged: Record<string, unknown> = { ...base }
  for (const [field, value] of Object.entries(change)) {
    merged[field] = field in base ? merge(base[field], value) : value
  }
  return merged
}

function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object literal without functions: no model, no plain fields with their numbers. */
function isPlainObject(value: unknown): value is PlainObject {
  return (
    isObject(value) &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.values(value).some((field) => typeof field === 'function')
  )
}

function isListOfObjects(value: unknown): value is readonly PlainObject[] {
  return Array.isArray(value) && value.length > 0 && value.every(isObject)
}
