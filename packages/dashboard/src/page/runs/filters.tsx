/** What of the runs is asked for: words, a status, conditions. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RunStatus } from '@gradpool/orchestrator'
import { useShell } from '../shell.js'

const STATUSES: readonly RunStatus[] = ['running', 'done', 'failed', 'interrupted', 'cut off']
const STATUS = 'status='

interface Props {
  readonly query: URLSearchParams
  readonly go: (change: (next: URLSearchParams) => void) => void
}

export function Filters({ query, go }: Props) {
  const { words } = useShell()
  const conditions = query.getAll('where')
  const status = conditions.find((each) => each.startsWith(STATUS))?.slice(STATUS.length)
  const replaced = (taken: (condition: string) => boolean, added: readonly string[]) =>
    go((next) => {
      next.delete('where')
      for (const each of [...conditions.filter((one) => !taken(one)), ...added]) next.append('where', each)
    })
  return (
    <search class="filters">
      <Search query={query} go={go} />
      <Condition onAdd={(condition) => replaced(() => false, [condition])} />
      <fieldset class="choice">
        <legend class="unseen">{words.status}</legend>
        {[undefined, ...STATUSES].map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="status"
              checked={status === each}
              onChange={() => replaced((one) => one.startsWith(STATUS), each === undefined ? [] : [`${STATUS}${each}`])}
            />
            <span>{each === undefined ? words.anyStatus : words[each]}</span>
          </label>
        ))}
      </fieldset>
      {conditions.some((each) => !each.startsWith(STATUS)) && (
        <ul class="chips" aria-label={words.where}>
          {conditions
            .filter((each) => !each.startsWith(STATUS))
            .map((condition) => (
              <li key={condition}>
                <code>{condition}</code>
                <button
                  type="button"
                  aria-label={`${words.removeCondition} ${condition}`}
                  onClick={() => replaced((one) => one === condition, [])}
                >
                  ×
                </button>
              </li>
            ))}
        </ul>
      )}
    </search>
  )
}

function Search({ query, go }: Props) {
  const { words } = useShell()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.matches('input, select, textarea')
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    addEventListener('keydown', listener)
    return () => removeEventListener('keydown', listener)
  }, [])
  return (
    <label class="field search">
      <span>{words.search}</span>
      <input
        type="search"
        ref={input}
        value={query.get('search') ?? ''}
        placeholder={words.searchHint}
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => {
          go((next) => {
            if (value === '') next.delete('search')
            else next.set('search', value)
          })
        }}
      />
    </label>
  )
}

function Condition({ onAdd }: { readonly onAdd: (condition: string) => void }) {
  const { words } = useShell()
  const [typed, setTyped] = useState('')
  return (
    <form
      class="field condition"
      onSubmit={(event) => {
        event.preventDefault()
        if (typed.trim() !== '') onAdd(typed.trim())
        setTyped('')
      }}
    >
      <label>
        <span>{words.where}</span>
        <input
          type="text"
          value={typed}
          placeholder={words.whereHint}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </label>
      <button type="submit">{words.add}</button>
    </form>
  )
}
