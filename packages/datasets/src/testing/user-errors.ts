/**
 * What every message to a user keeps to: it is a UserError, one line, and has no stack or code of an error in it.
 */
import { UserError } from '@gradpool/core'
import { expect } from 'vitest'

/** The message of the UserError that `action` fails with. */
export async function userErrorOf(action: () => unknown): Promise<string> {
  let failure: unknown
  try {
    await action()
  } catch (error) {
    failure = error
  }
  expect(failure).toBeInstanceOf(UserError)
  const message = failure instanceof UserError ? failure.message : ''
  // The name of a temporary folder may look like anything, the code of an error too.
  const words = message.replaceAll(/\S*\/\S*/g, 'a path')
  expect(words).not.toMatch(/\n|\bE[A-Z]{4,}\b|undefined|NaN/)
  return message
}
