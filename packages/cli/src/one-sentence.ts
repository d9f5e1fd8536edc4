/** Errors as the one sentence that a user reads. */
import { UserError } from '@gradpool/core'
import { fileErrorSentence } from '@gradpool/storage'
import { CommanderError } from 'commander'

/** The text on one line. */
export function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** What the user should have done; undefined for an error that is a defect, and keeps its stack. */
export function sentenceFor(error: unknown): string | undefined {
  if (error instanceof CommanderError) return sentenceOfCommander(error.message)
  if (error instanceof UserError) return onOneLine(error.message)
  const ofFile = fileErrorSentence(error)
  return ofFile === undefined ? undefined : onOneLine(ofFile)
}

/** `error: unknown command 'rnu'⏎(Did you mean run?)` becomes `Unknown command 'rnu': did you mean run?` */
function sentenceOfCommander(message: string): string {
  const text = onOneLine(message.replace(/^error: /, ''))
  const sentence = text.replace('. Expected', ': expected')
  const asking = sentence.replace(/ \(Did you mean (.+)\?\)$/, ': did you mean $1?')
  return asking.charAt(0).toUpperCase() + asking.slice(1)
}
