/** The checks of widths, numbers of features and of classes, that layers and architectures share. */
import { UserError } from '@gradpool/core'

/**
 * @param name the option, for the error
 * @throws UserError unless the width is a whole number of at least 1
 */
export function checkWidth(name: string, width: number): void {
  if (!isWidth(width)) {
    throw new UserError(`${name} must be a whole number of at least 1, not ${String(width)}`)
  }
}

/** @throws UserError unless there is at least one width, and all are whole numbers of at least 1 */
export function checkWidths(name: string, widths: readonly number[]): void {
  if (widths.length === 0) throw new UserError(`${name} must list at least one width`)
  const wrong = widths.find((width) => !isWidth(width))
  if (wrong !== undefined) {
    throw new UserError(`${name} must list whole numbers of at least 1, not ${String(wrong)}`)
  }
}

function isWidth(width: number): boolean {
  return Number.isInteger(width) && width >= 1
}
