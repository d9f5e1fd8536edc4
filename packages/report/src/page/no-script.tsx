/** What is shown where scripts do not run: the tables. */
import { words } from '../words.js'
import type { PageData } from './page-data.js'
import { ResultsTable } from './results.js'

export function noScript({ views, language = 'en' }: PageData) {
  return (
    <main>
      <section>
        <h1>Gradpool {words[language].title}</h1>
        <ResultsTable views={views} words={words[language]} language={language} />
      </section>
    </main>
  )
}
