/** Errors that a user can fix. */
import { UserError } from '@gradpool/core'

/** A file that is not an index, is incomplete or damaged, or is of another version. */
export class IndexFileError extends UserError {
  override name = 'IndexFileError'
}

/** Codes of another model than the index's. */
export class ModelMismatchError extends UserError {
  override name = 'ModelMismatchError'
}
