/** What every part of the page is shown with. */
import type { Language } from '@gradpool/report/components'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { About } from '../api.js'
import { words, type DashboardWords } from './words.js'

export interface Shell {
  readonly words: DashboardWords
  readonly language: Language
  /** Changes when colours do. */
  readonly theme: string
  /** Undefined before the server has answered. */
  readonly about: About | undefined
}

const ShellContext = createContext<Shell>({ words: words.en, language: 'en', theme: 'light', about: undefined })

export const ShellProvider = ShellContext.Provider

export function useShell(): Shell {
  return useContext(ShellContext)
}
