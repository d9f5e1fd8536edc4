/** What a browser has in the place of this package: the sentence that says so. */
import { UserError } from '@gradpool/core'

export function tensorflowEngine(): never {
  throw new UserError("the engine 'tensorflow' is not in browsers: use 'auto', which trains on the CPU there, too")
}
