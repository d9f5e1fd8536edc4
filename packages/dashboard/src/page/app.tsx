/** The frame of all pages: where one is, language, theme, and whether the server answers. */
import { languageNames, languages, themes, useTheme } from '@gradpool/report/components'
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { About } from '../api.js'
import { ComparePage } from './compare/compare-page.js'
import { DrawPage } from './draw/draw-page.js'
import { useKept } from './kept.js'
import { Empty } from './parts.js'
import { QueuePage } from './queue/queue-page.js'
import { addressOf, replaceRoute, useRoute, type Route } from './route.js'
import { RunPage } from './run/run-page.js'
import { RunsPage } from './runs/runs-page.js'
import { signIn, useAnswer, whenLost, whenNoToken } from './server.js'
import { ShellProvider, useShell } from './shell.js'
import { TokenDialog } from './token-dialog.js'
import { words as allWords, type DashboardWords } from './words.js'

const TABS = ['', 'draw', 'queue'] as const

export function App() {
  const route = useRoute()
  const [language, setLanguage] = useKept('language', languages, navigator.language.startsWith('ko') ? 'ko' : 'en')
  const [kept, keepTheme] = useKept('theme', themes, 'auto')
  const { theme, setTheme, shown } = useTheme(kept)
  const access = useAccess()
  const [isLost, setLost] = useState(false)
  useEffect(() => whenLost(setLost), [])
  const about = useAnswer<About>(access.isReady ? 'api/about' : null, { isPolled: isLost })
  const words = allWords[language]
  useEffect(() => {
    document.documentElement.lang = language
    const where = titleOf(route, words)
    document.title = where === '' ? 'Gradpool' : `${where} · Gradpool`
  }, [language, route])
  const isFirst = useRef(true)
  useEffect(() => {
    // Who hears the page hears the new one from its beginning.
    if (!isFirst.current) {
      scrollTo({ top: 0, behavior: 'instant' })
      document.getElementById('content')?.focus({ preventScroll: true })
    }
    isFirst.current = false
  }, [route.page, route.id])
  // What was refused before the token is asked again.
  useEffect(() => {
    if (access.session > 0) about.again()
  }, [access.session])
  const shell = useMemo(
    () => ({ words, language, theme: shown, about: about.value }),
    [words, language, shown, about.value],
  )
  return (
    <ShellProvider value={shell}>
      <a class="skip" href="#content" onClick={focusContent}>
        {words.skip}
      </a>
      <header class="frame">
        <a class="home" href={addressOf('')}>
          <Mark />
          Gradpool
        </a>
        <nav class="tabs" aria-label={words.pages}>
          {TABS.filter((tab) => tab !== 'queue' || about.value?.hasQueue === true || route.page === 'queue').map(
            (tab) => (
              <a key={tab} href={addressOf(tab)} aria-current={isUnder(route, tab) ? 'page' : undefined}>
                {tab === '' ? words.runs : words[tab]}
              </a>
            ),
          )}
        </nav>
        <div class="choosers">
          <Chooser
            name={words.language}
            value={language}
            choices={languages.map((one) => [one, languageNames[one]])}
            onChange={setLanguage}
          />
          <Chooser
            name={words.theme}
            value={theme}
            choices={themes.map((one) => [one, words[one]])}
            onChange={(choice) => {
              setTheme(choice)
              keepTheme(choice)
            }}
          />
        </div>
      </header>
      {isLost && (
        <p class="banner" role="alert">
          {words.lost}
        </p>
      )}
      <main id="content" tabIndex={-1} key={access.session}>
        {access.isReady && <Page route={route} />}
      </main>
      {access.isAsked && <TokenDialog onToken={access.signIn} />}
    </ShellProvider>
  )
}

function Page({ route }: { readonly route: Route }) {
  const { page, id, query } = route
  if (page === '') return <RunsPage query={query} />
  if (page === 'run' && id !== '') return <RunPage key={id} id={id} />
  if (page === 'compare') return <ComparePage query={query} />
  if (page === 'draw') return <DrawPage id={id} />
  if (page === 'queue') return <QueuePage />
  return <NotThere />
}

function NotThere() {
  const { words } = useShell()
  return (
    <Empty title={words.notThere} isPage>
      <a href={addressOf('')}>{words.toRuns}</a>
    </Empty>
  )
}

function titleOf({ page, id }: Route, words: DashboardWords): string {
  if (page === 'run') return id
  if (page === '') return words.runs
  return page === 'compare' || page === 'draw' || page === 'queue' ? words[page] : ''
}

/** A run and a comparison are under the list of runs. */
function isUnder({ page }: Route, tab: string): boolean {
  return page === tab || (tab === '' && (page === 'run' || page === 'compare'))
}

/** The address after `#` is that of the page, so the link itself must not go there. */
function focusContent(event: Event): void {
  event.preventDefault()
  document.getElementById('content')?.focus()
}

/** Of the address that the command printed, which has the token after `#token=`, or of a dialog. */
function useAccess() {
  const [isReady, setReady] = useState(!location.hash.startsWith(IN_ADDRESS))
  const [isAsked, setAsked] = useState(false)
  const [session, setSession] = useState(0)
  useEffect(() => {
    whenNoToken(() => setAsked(true))
    if (isReady) return
    const token = decodeURIComponent(location.hash.slice(IN_ADDRESS.length))
    // It is not to be seen by who looks over a shoulder, nor kept in the history.
    replaceRoute(addressOf(''))
    void signIn(token)
      .catch(() => false)
      .then(() => setReady(true))
  }, [])
  return {
    isReady,
    isAsked,
    session,
    signIn: async (token: string): Promise<boolean> => {
      const isRight = await signIn(token)
      if (isRight) {
        setAsked(false)
        setSession((before) => before + 1)
      }
      return isRight
    },
  }
}

const IN_ADDRESS = '#token='

function Chooser<Choice extends string>({
  name,
  value,
  choices,
  onChange,
}: {
  readonly name: string
  readonly value: Choice
  readonly choices: readonly (readonly [Choice, ComponentChildren])[]
  readonly onChange: (choice: Choice) => void
}) {
  return (
    <select
      class="chooser"
      aria-label={name}
      title={name}
      value={value}
      onChange={({ currentTarget }) => {
        const chosen = choices.find(([choice]) => choice === currentTarget.value)
        if (chosen) onChange(chosen[0])
      }}
    >
      {choices.map(([choice, text]) => (
        <option key={choice} value={choice}>
          {text}
        </option>
      ))}
    </select>
  )
}

/** A curve that falls. */
function Mark() {
  return (
    <svg class="mark" width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
      <rect width="26" height="26" rx="7" fill="var(--accent)" />
      <path d="M5 6 C8 17 12 18 21 19" fill="none" stroke="var(--paper)" stroke-width="2.6" stroke-linecap="round" />
      <circle cx="21" cy="19" r="2.4" fill="var(--paper)" />
    </svg>
  )
}
