/** The check of layer widths that the architectures share. */
import { UserError } from '@gradpool/core'

/**
 * @param name the option, for the error
 * @throws UserError unless there is at least one width, and all are whole numbers of at least 1
 */
export function checkWidths(name: string, widths: readonly number[]): void {
  const wrong = widths.find((width) => !Number.isInteger(width) || width < 1)
  if (widths.length === 0 || wrong !== undefined) {
    const given = wrong === undefined ? 'an empty list' : String(wrong)
    throw new UserError(`${name} must list whole numbers of at least 1, not ${given}`)
  }
}
