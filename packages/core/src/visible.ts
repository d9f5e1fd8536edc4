/**
 * Text that others wrote, such as a name in a file, as it may be shown: a terminal takes some
 * characters as commands, and some change the order or the look of what stands beside them.
 */

/** Control, format and line separating characters, and halves of pairs, which no encoding has. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/** Zero-width joiner and non-joiner are parts of words, and of pictures of several. */
const PARTS_OF_WORDS = ['\u200c', '\u200d']

const LAYOUT = ['\n', '\t']

/** The text with each such character written as in JSON, `\u001b`; line breaks and tabs stay. */
export function visible(text: string): string {
  return escaped(text, LAYOUT)
}

/** The same on one line: line breaks and tabs are written so, too. */
export function visibleOnOneLine(text: string): string {
  return escaped(text, [])
}

function escaped(text: string, allowed: readonly string[]): string {
  return text.replace(UNSEEN, (character) => {
    if (allowed.includes(character) || PARTS_OF_WORDS.includes(character)) return character
    const hex = (character.codePointAt(0) ?? 0).toString(16)
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
  })
}
