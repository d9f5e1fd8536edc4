import { visible } from './visible.js'

/**
 * The two kinds of failure that Gradpool tells apart.
 *
 * A `UserError` is something the caller can mend: its message is one clear sentence, and tools print it without a stack
 * trace. Everything else is a defect of Gradpool and keeps its stack. Names that the sentence quotes may come from a
 * file: control characters are written out.
 */
export class UserError extends Error {
  override name = 'UserError'

  constructor(message: string, options?: ErrorOptions) {
    super(visible(message), options)
  }
}

/**
 * A field of options that is not right: `field` is its path, as `learningRate.totalSteps`, `problem` what it must be.
 */
export class FieldError extends UserError {
  constructor(
    readonly field: string,
    readonly problem: string,
    /** Whose field it is, `adam`; for the message. */
    owner = '',
  ) {
    super([owner && field ? `${owner}:` : owner, field, problem].filter((x) => x !== '').join(' '))
  }
}

/** A shape or dtype that an operation cannot take; names the op, the shapes, and the user's line. */
export class ShapeError extends UserError {
  override name = 'ShapeError'
}

/** Asserts what only a defect of Gradpool could break. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Gradpool invariant broken: ${message}`)
}
