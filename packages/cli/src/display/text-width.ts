/** Text measured in terminal columns, where Korean, Chinese, Japanese and pictures take two. */

/** Letters of which a syllable is put together: its first one has the width of all. */
const joined = /[\u1160-\u11ff\ud7b0-\ud7ff]/u
const narrow = /[\uff61-\uffdc\uffe8-\uffee]/u
const wide =
  /\p{Script=Hangul}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
const pictured = /\p{Emoji_Presentation}/u
/** Of width 1, most texts as a whole: ASCII, Latin-1 without its soft hyphen, and dashes. */
const plain = /^[ -~\u00a1-\u00ac\u00ae-\u00ff\u2013\u2014]*$/
const without = /\p{Mark}|\p{Control}|\p{Format}/u

function widthOfCharacter(character: string): number {
  if (without.test(character) || joined.test(character)) return 0
  if (narrow.test(character)) return 1
  return wide.test(character) || pictured.test(character) ? 2 : 1
}

/** Columns that a text without control characters takes. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** The text, filled up with spaces to a width. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** The text, cut to fit a width, the cut marked. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    used += widthOfCharacter(character)
    if (used > width - 1) break
    kept += character
  }
  return `${kept}…`
}
