import { UserError } from '@gradpool/core'

/** @throws UserError for what is no whole number within the limits */
export function checkWhole(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new UserError(`${name} must be a whole number from ${low} to ${high}, not ${String(value)}`)
}
