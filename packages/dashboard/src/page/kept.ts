/** What a reader chose, kept by the browser, where it keeps anything. */
import { useCallback, useState } from 'preact/hooks'

export function useKept<Choice extends string>(
  name: string,
  choices: readonly Choice[],
  first: Choice,
): readonly [Choice, (choice: Choice) => void] {
  const [choice, setChoice] = useState(() => choices.find((each) => each === read(name)) ?? first)
  const keep = useCallback(
    (chosen: Choice) => {
      setChoice(chosen)
      write(name, chosen)
    },
    [name],
  )
  return [choice, keep]
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(`gradpool.${name}`)
  } catch {
    return null
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`gradpool.${name}`, value)
  } catch {
    // It is chosen again the next time.
  }
}
