/** What a user can mend, told apart by type. */
import { UserError } from '@gradpool/core'

/** A file that is no index, or not a whole one, or of another version. */
export class IndexFileError extends UserError {
  override name = 'IndexFileError'
}

/** Codes made by another model than the index's. */
export class ModelMismatchError extends UserError {
  override name = 'ModelMismatchError'
}
