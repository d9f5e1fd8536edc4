/** A program that is bundled: says what came of a training. */
import { UserError } from 'gradpool'
import { trained } from './train.js'

trained().then(
  (result) => {
    console.log(JSON.stringify(result))
  },
  (error: unknown) => {
    console.error(error instanceof UserError ? error.message : error)
    process.exitCode = 2
  },
)
