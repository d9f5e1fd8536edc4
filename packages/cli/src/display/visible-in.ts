/**
 * What is told of a run, a model or a file, safe to show: names, conditions and messages in it were
 * written by others.
 */
import { visibleOnOneLine } from '@gradpool/core/engine'

/**
 * The same value, in which each text has its control characters written out, names of fields
 * included; lines become one line. Arrays of numbers stay as they are.
 */
export function visibleIn<T>(value: T): T {
  // What is changed is texts, into texts, which the compiler cannot follow.
  return changed(value) as T
}

function changed(value: unknown): unknown {
  if (typeof value === 'string') return visibleOnOneLine(value.replace(/\s*\n\s*/g, ' '))
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return isOfNumbers(value) ? value : value.map(changed)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [changed(name), changed(inner)]))
}

function isOfNumbers(values: readonly unknown[]): boolean {
  return typeof values[0] === 'number'
}
