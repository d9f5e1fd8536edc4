/** A page of one run or several. */
import { useEffect, useState } from 'preact/hooks'
import { themed } from '../drawing/paint.js'
import { Timeline } from '../drawing/timeline.js'
import { durationText, languageNames, languages, words as allWords, type Language, type Words } from '../words.js'
import { Curves } from './curves.js'
import { Details } from './details.js'
import { Experiments, sectionId } from './experiments.js'
import type { PageData } from './page-data.js'
import { hasLogged, Logged } from './logged.js'
import { ResultsTable } from './results.js'
import { themes, useTheme } from './theme.js'

export function App({ data }: { readonly data: PageData }) {
  const { views, figures, missing } = data
  const [language, setLanguage] = useState<Language>(
    data.language ?? (navigator.language.startsWith('ko') ? 'ko' : 'en'),
  )
  const { theme, setTheme, shown } = useTheme()
  const words = allWords[language]
  const title = views.map(({ name }) => name).join(', ')
  useEffect(() => {
    document.documentElement.lang = language
    document.title = `${words.title} · ${title}`
  }, [language, title])
  const warnings = views.flatMap((view) => view.warnings)
  return (
    <>
      <header class="top">
        <div>
          <h1>
            <span class="brand">Gradpool</span> {words.title}
          </h1>
          {views.map((view) => (
            <Summary key={view.name} view={view} words={words} />
          ))}
        </div>
        <div class="switches">
          <Switch
            name={words.language}
            value={language}
            choices={languages.map((one) => [one, languageNames[one]])}
            onChange={setLanguage}
          />
          <Switch
            name={words.theme}
            value={theme}
            choices={themes.map((one) => [one, words[one]])}
            onChange={setTheme}
          />
        </div>
      </header>
      <nav aria-label={words.title}>
        <a href="#results">{words.results}</a>
        <a href="#curves">{words.curves}</a>
        {views.flatMap((view) =>
          [...new Set(view.experiments.map(({ name }) => name))].map((name) => (
            <a key={sectionId(view, name)} href={`#${sectionId(view, name)}`}>
              {name}
            </a>
          )),
        )}
        {views.some(hasLogged) && <a href="#logged">{words.logged}</a>}
        <a href="#timeline">{words.timeline}</a>
        <a href="#details">{words.details}</a>
      </nav>
      <main>
        <section id="results">
          <h2>{words.results}</h2>
          <ResultsTable views={views} words={words} language={language} />
          <Notes title={words.warnings} lines={warnings} />
        </section>
        <section id="curves">
          <h2>{words.curves}</h2>
          <Curves views={views} theme={shown} words={words} language={language} />
        </section>
        <section id="experiments">
          <h2>{words.experiments}</h2>
          <Notes title={words.missing} lines={missing} />
          <Experiments views={views} figures={figures} words={words} />
        </section>
        {views.some(hasLogged) && (
          <section id="logged">
            <h2>{words.logged}</h2>
            <Logged views={views} words={words} />
          </section>
        )}
        <section id="timeline">
          <h2>{words.timeline}</h2>
          {views.map((view) => (
            <div
              key={view.name}
              class="scroll wide"
              tabIndex={0}
              role="region"
              aria-label={`${words.timeline} ${view.name}`}
            >
              <Timeline view={view} paint={themed} words={words} />
            </div>
          ))}
        </section>
        <section id="details">
          <h2>{words.details}</h2>
          {views.map((view) => (
            <Details key={view.name} view={view} words={words} />
          ))}
        </section>
      </main>
    </>
  )
}

function Summary({ view, words }: { readonly view: PageData['views'][number]; readonly words: Words }) {
  const { name, experiments, seconds, record } = view
  const done = experiments.filter(({ status }) => status === 'done').length
  return (
    <p class="summary">
      <b>{name}</b> · {done} / {experiments.length} {words.done} · {durationText(seconds)} ·{' '}
      {record.workers === null ? words.overQueue : `${record.workers} ${words.workers}`} · {record.engine.name} ·{' '}
      {record.machine.cpu}
    </p>
  )
}

function Notes({ title, lines }: { readonly title: string; readonly lines: readonly string[] }) {
  if (lines.length === 0) return null
  return (
    <details class="notes">
      <summary>
        {title} ({lines.length})
      </summary>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  )
}

function Switch<Choice extends string>({
  name,
  value,
  choices,
  onChange,
}: {
  readonly name: string
  readonly value: Choice
  readonly choices: readonly (readonly [Choice, string])[]
  readonly onChange: (choice: Choice) => void
}) {
  return (
    <fieldset class="switch">
      <legend>{name}</legend>
      {choices.map(([choice, text]) => (
        <label key={choice}>
          <input type="radio" name={name} checked={choice === value} onChange={() => onChange(choice)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}
