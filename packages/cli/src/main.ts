/** From arguments to an exit code: every failure that a user can mend is one sentence on stderr, and never a stack. */
import { CommanderError } from 'commander'
import { commandLine } from './command-line.js'
import { exitCode } from './exit-code.js'
import { type Io } from './io.js'
import { sentenceFor } from './one-sentence.js'

/** @param args What was typed after `gradpool`. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let code: number = exitCode.done
  try {
    const typed = args.length === 0 ? ['--help'] : args
    await commandLine(io, (its) => {
      code = its
    }).parseAsync(typed, { from: 'user' })
    return code
  } catch (error) {
    // Help and version end in this way too.
    if (error instanceof CommanderError && error.exitCode === 0) return exitCode.done
    const sentence = sentenceFor(error)
    if (sentence === undefined) throw error
    io.stderr.print(sentence)
    return exitCode.userMistake
  }
}
