/**
 * JSON from outside: nested no deeper than its format is, so that nothing that walks it runs out of
 * stack.
 */

/** @throws SyntaxError for what is no JSON, or nested deeper than that */
export function parseJson(text: string, maxDepth: number): unknown {
  scanJson(text, (_, depth) => {
    if (depth > maxDepth) throw new SyntaxError(`it is nested more than ${maxDepth} deep`)
  })
  return JSON.parse(text)
}

/**
 * Visits each bracket and colon outside of strings, with the number of objects and lists that it is
 * in, or makes.
 */
export function scanJson(text: string, visit: (character: string, depth: number) => void): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') at = endOfString(text, at)
    else if (character === '{' || character === '[') visit(character, ++depth)
    else if (character === '}' || character === ']') visit(character, depth--)
    else if (character === ':') visit(character, depth)
  }
}

/** Where the string that begins there ends; the end of the text where it does not. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ;) {
    const end = text.indexOf('"', at)
    if (end < 0) return text.length
    let escapes = end
    while (text.charAt(escapes - 1) === '\\') escapes--
    if ((end - escapes) % 2 === 0) return end
    at = end + 1
  }
}
