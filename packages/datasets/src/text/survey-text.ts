/** What is in a text: its characters, its words and how long its lines are. */
import { UserError } from '@gradpool/core'
import { readText } from './read-text.js'

export interface TextSurvey {
  /** Code points. */
  readonly characters: number
  /** How often each is there, the most frequent first; of equal ones in the order in which they come. */
  readonly counts: Readonly<Record<'character' | 'word', readonly (readonly [value: string, count: number])[]>>
  /** Code units of each line. */
  readonly lines: readonly number[]
}

const LETTERS = /[\p{L}\p{M}\p{N}]+/gu

/** @throws UserError for what is no text */
export async function surveyOfText(path: string): Promise<TextSurvey> {
  const text = await readText(path)
  if (text === '') throw new UserError(`${path} is empty, expected a text`)
  const characters = new Map<string, number>()
  let numCharacters = 0
  for (const character of text) {
    characters.set(character, (characters.get(character) ?? 0) + 1)
    numCharacters++
  }
  const words = new Map<string, number>()
  for (const [word] of text.matchAll(LETTERS)) words.set(word, (words.get(word) ?? 0) + 1)
  return {
    characters: numCharacters,
    counts: { character: ranked(characters), word: ranked(words) },
    lines: text.split(/\r\n|\n|\r/).map(({ length }) => length),
  }
}

function ranked(counts: ReadonlyMap<string, number>) {
  return [...counts].sort(([, a], [, b]) => b - a)
}
