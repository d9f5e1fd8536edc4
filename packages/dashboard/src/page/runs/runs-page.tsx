/** All runs: searched, sorted and paged by the server, so that a thousand are as quick as ten. */
import { useEffect, useState } from 'preact/hooks'
import type { ListMessage, RowCurves, RunList, RunRow } from '../../api.js'
import { Command, Empty, Problem } from '../parts.js'
import { addressOf, replaceRoute } from '../route.js'
import { get, useAnswer, useMessages } from '../server.js'
import { useShell } from '../shell.js'
import { Filters } from './filters.js'
import { Pager } from './pager.js'
import { rowName, RunsTable } from './runs-table.js'

const LIMIT = 50
const KINDS: readonly ListMessage[] = ['runs']
const NONE: readonly RunRow[] = []
/** Metrics that have a column. */
const MOST_METRICS = 3

export function RunsPage({ query }: { readonly query: URLSearchParams }) {
  const { words, about } = useShell()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const offset = Math.max(0, Number(query.get('offset')) || 0)
  const sort = query.get('sort') ?? '-started'
  const asked = new URLSearchParams({ sort, offset: String(offset), limit: String(LIMIT) })
  const search = query.get('search') ?? ''
  if (search !== '') asked.set('search', search)
  for (const condition of query.getAll('where')) asked.append('where', condition)
  // Where the server does not tell of changes, it is asked for them.
  const link = useMessages('api/events', KINDS, () => list.again())
  const list = useAnswer<RunList>(`api/runs?${asked.toString()}`, { isPolled: link === 'lost' })
  const rows = list.value?.rows ?? NONE
  const curves = useCurves(rows)
  const go = (change: (next: URLSearchParams) => void, keepsPage = false) => {
    const next = new URLSearchParams(query)
    if (!keepsPage) next.delete('offset')
    change(next)
    replaceRoute(addressOf('', '', next))
  }
  const toggle = (row: RunRow) => {
    const next = new Set(selected)
    if (!next.delete(rowName(row))) next.add(rowName(row))
    setSelected(next)
  }
  const toTag = (tag: string) => go((next) => next.append('where', `tag=${tag}`))
  const isAsked = search !== '' || query.has('where')
  return (
    <>
      <div class="heading">
        <h1>{words.runs}</h1>
        {list.value && (
          <p class="note" role="status">
            {isAsked && (
              <>
                <b>{count(list.value.total)}</b> ·{' '}
              </>
            )}
            {count(list.value.all)} {words.runs.toLowerCase()} {words.inFolder} <code>{about?.folder}</code>
          </p>
        )}
      </div>
      <Filters query={query} go={go} />
      <Problem {...list} />
      {list.value && rows.length === 0 && (isAsked ? <NoneFits /> : <NoRuns />)}
      {list.value && rows.length > 0 && (
        <>
          <label class="field sorting">
            <span>{words.sortBy}</span>
            <select value={sort} onChange={({ currentTarget: { value } }) => go((next) => next.set('sort', value))}>
              {sortsOf(list.value.metrics.slice(0, MOST_METRICS), sort).map((each) => (
                <option key={each} value={each}>
                  {each.replace('-', '')} {each.startsWith('-') ? '↓' : '↑'}
                </option>
              ))}
            </select>
          </label>
          <RunsTable
            rows={rows}
            metrics={list.value.metrics.slice(0, MOST_METRICS)}
            curves={curves}
            sort={sort}
            selected={selected}
            onSort={(name) => go((next) => next.set('sort', name))}
            onSelect={toggle}
            onTag={toTag}
          />
          <Pager
            total={list.value.total}
            offset={offset}
            limit={LIMIT}
            onOffset={(to) => go((next) => next.set('offset', String(to)), true)}
          />
        </>
      )}
      {list.value && list.value.damaged.length > 0 && (
        <details class="damaged">
          <summary>
            {words.damaged} ({list.value.damaged.length})
          </summary>
          <ul>
            {list.value.damaged.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
      {selected.size > 0 && <Selection selected={selected} onClear={() => setSelected(new Set())} />}
    </>
  )
}

/** Where there is no head to press: on a phone. */
function sortsOf(metrics: readonly string[], sort: string): string[] {
  const names = ['started', ...metrics, 'seconds', 'epoch']
  return [...new Set([...names.map((name) => `-${name}`), 'started', 'experiment', 'status', ...metrics, sort])]
}

function count(number: number): string {
  return number.toLocaleString('en')
}

function NoRuns() {
  const { words } = useShell()
  return (
    <Empty title={words.noRuns}>
      <p>{words.noRunsHint}</p>
      <Command text="npx gradpool run report" />
    </Empty>
  )
}

function NoneFits() {
  const { words } = useShell()
  return (
    <Empty title={words.noneFits}>
      <p>{words.noneFitsHint}</p>
      <p>
        <a class="button" href={addressOf('')}>
          {words.showAllRuns}
        </a>
      </p>
    </Empty>
  )
}

function Selection({ selected, onClear }: { readonly selected: ReadonlySet<string>; readonly onClear: () => void }) {
  const { words } = useShell()
  const query = new URLSearchParams([...selected].map((name) => ['run', name]))
  return (
    <div class="selection" role="region" aria-label={words.select}>
      <span role="status">
        <b>{selected.size}</b> {words.selected}
      </span>
      {selected.size > 1 ? (
        <a class="button main" href={addressOf('compare', '', query)}>
          {words.compare}
        </a>
      ) : (
        <span class="note">{words.selectTwo}</span>
      )}
      <button type="button" onClick={onClear}>
        {words.clear}
      </button>
    </div>
  )
}

/** Rows of which curves are asked for at once, so that the first are there early. */
const BATCH = 10

/** Between two looks at the curves of runs that go on. */
const GROWING_MS = 2000

/** Of the rows that are shown, after they are shown; those of runs that go on again and again. */
function useCurves(rows: readonly RunRow[]): RowCurves['curves'] {
  const [curves, setCurves] = useState<RowCurves['curves']>({})
  useEffect(() => {
    const abort = new AbortController()
    const ask = async (asked: readonly RunRow[]) => {
      for (let from = 0; from < asked.length; from += BATCH) {
        const batch = asked.slice(from, from + BATCH).map((row) => ['row', rowName(row)])
        const path = `api/curves?${new URLSearchParams(batch).toString()}`
        const answer = await get<RowCurves>(path, { signal: abort.signal })
        setCurves((before) => ({ ...before, ...answer.curves }))
      }
    }
    const growing = rows.filter(({ status }) => status === 'running')
    let timer: ReturnType<typeof setTimeout> | undefined
    // A list without its curves is a list.
    const askFor = (asked: readonly RunRow[]) =>
      void ask(asked)
        .catch(() => undefined)
        .then(askLater)
    const askLater = () => {
      if (growing.length === 0 || abort.signal.aborted) return
      timer = setTimeout(() => askFor(document.hidden ? [] : growing), GROWING_MS)
    }
    askFor(rows.filter((row) => growing.includes(row) || !Object.hasOwn(curves, rowName(row))))
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [rows])
  return curves
}
