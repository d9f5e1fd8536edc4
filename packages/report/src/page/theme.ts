/** Light or dark: as the reader chooses, or as the system is. */
import { useEffect, useState } from 'preact/hooks'

export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** The theme that is asked for, and the one that is shown. */
export function useTheme(first: Theme = 'auto') {
  const [theme, setTheme] = useState(first)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const [isDark, setDark] = useState(dark.matches)
  useEffect(() => {
    const listener = ({ matches }: MediaQueryListEvent) => setDark(matches)
    dark.addEventListener('change', listener)
    return () => dark.removeEventListener('change', listener)
  }, [])
  const shown = theme === 'auto' ? (isDark ? 'dark' : 'light') : theme
  // Before anything is drawn that takes its colours from the page.
  document.documentElement.dataset.theme = shown
  return { theme, setTheme, shown }
}
