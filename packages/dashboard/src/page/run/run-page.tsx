/** One run, while it goes on and afterwards. */
import {
  Curves,
  Details,
  durationText,
  hasLogged,
  Logged,
  ResultsTable,
  themed,
  Timeline,
  type RunView,
} from '@gradpool/report/components'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Followed } from '../../api.js'
import { Empty, Meter, Problem, Status, Tile } from '../parts.js'
import { addressOf } from '../route.js'
import { Refusal } from '../server.js'
import { useShell } from '../shell.js'
import { timeText } from '../words.js'
import { Actions } from './actions.js'
import { useFollowed } from './followed.js'
import { Labels } from './labels.js'
import { Log } from './log.js'
import { StageFigures } from './stage-figures.js'
import { StagesTable } from './stages-table.js'

export function RunPage({ id }: { readonly id: string }) {
  const { words } = useShell()
  const { run, link, error, again, setState } = useFollowed(id)
  if (run === undefined) {
    if (error instanceof Refusal && error.status === 404) {
      return (
        <Empty title={id} isPage>
          <p class="error">{error.message}</p>
          <p>
            <a class="button" href={addressOf('')}>
              {words.toRuns}
            </a>
          </p>
        </Empty>
      )
    }
    return error ? <Problem error={error} again={again} /> : <p class="loading">{words.loading}</p>
  }
  return (
    <>
      <Problem error={error} again={again} />
      <Run run={run} isLive={link === 'open'} onState={setState} />
    </>
  )
}

interface RunProps {
  readonly run: Followed
  readonly isLive: boolean
  readonly onState: (state: Followed['state']) => void
}

function Run({ run: { view, state }, isLive, onState }: RunProps) {
  const { words, language, theme } = useShell()
  const views = useMemo(() => [view], [view])
  const isRunning = state.status === 'running'
  const hasResults = view.experiments.some(({ status }) => status === 'done')
  return (
    <>
      <div class="heading run">
        <div>
          <p class="crumb">
            <a href={addressOf('')}>← {words.runs}</a>
          </p>
          <h1>{state.id}</h1>
          <p class="state-line">
            <Status status={state.status} />
            {isRunning && isLive && <span class="live">{words.live}</span>}
            <span class="note since">
              {words.started} {timeText(view.record.started, language)}
            </span>
            <span class="note">{namesText(view)}</span>
          </p>
        </div>
        <Actions state={state} onState={onState} />
      </div>
      <Labels state={state} onState={onState} />
      <Figures view={view} isRunning={isRunning} />
      {view.warnings.length > 0 && (
        <details class="warnings">
          <summary>
            {words.warnings} ({view.warnings.length})
          </summary>
          <ul>
            {[...new Set(view.warnings)].map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
      <section class="panel" aria-labelledby="curves">
        <h2 id="curves">{words.curves}</h2>
        <Curves views={views} theme={theme} words={words} language={language} />
      </section>
      <section class="panel">
        <h2>{words.stages}</h2>
        <StagesTable view={view} />
      </section>
      {hasResults && (
        <section class="panel">
          <h2>{words.results}</h2>
          <ResultsTable views={views} words={words} language={language} />
        </section>
      )}
      {!isRunning && (
        <section class="panel" aria-labelledby="figures">
          <h2 id="figures">{words.figures}</h2>
          <StageFigures id={state.id} view={view} />
        </section>
      )}
      {hasLogged(view) && (
        <section class="panel" aria-labelledby="logged">
          <h2 id="logged">{words.logged}</h2>
          <Logged views={views} words={words} />
        </section>
      )}
      <section class="panel">
        <h2>{words.timeline}</h2>
        <div class="scroll wide" tabIndex={0} role="region" aria-label={words.timeline}>
          <Timeline view={view} paint={themed} words={words} width={1200} />
        </div>
      </section>
      <section class="panel" aria-labelledby="log">
        <h2 id="log">{words.log}</h2>
        <Log id={state.id} view={view} />
      </section>
      <section class="panel" aria-labelledby="details">
        <details class="fold">
          <summary>
            <h2 id="details">{words.details}</h2>
          </summary>
          <Details view={view} words={words} />
        </details>
      </section>
    </>
  )
}

function Figures({ view, isRunning }: { readonly view: RunView; readonly isRunning: boolean }) {
  const { words } = useShell()
  const now = useNow(isRunning)
  const { experiments, record } = view
  const seconds = isRunning ? Math.max(view.seconds, (now - Date.parse(record.started)) / 1000) : view.seconds
  const done = experiments.filter(({ status }) => status === 'done').length
  const share = shareOf(view)
  const best = bestOf(view)
  const threads = Object.values(view.stages).reduce((sum, { status, spans }) => {
    const last = spans.at(-1)
    return status === 'running' && last?.to === null ? sum + last.threads : sum
  }, 0)
  return (
    <dl class="tiles">
      <Tile name={words.progress}>
        {Math.floor(100 * share)}
        <small> %</small>
        <Meter share={share} label={words.progress} />
      </Tile>
      <Tile name={words.experimentsDone}>
        {done}
        <small> / {experiments.length}</small>
      </Tile>
      {best !== undefined && <Tile name={words.accuracy}>{best.toFixed(3)}</Tile>}
      <Tile name={words.elapsed}>{durationText(seconds)}</Tile>
      <Tile name={words.threads}>
        {isRunning && record.workers !== null ? (
          <>
            {Math.min(threads, record.workers)}
            <small> / {record.workers}</small>
          </>
        ) : (
          <small>{record.workers ?? words.overQueue}</small>
        )}
      </Tile>
      <Tile name={words.engine}>
        <span class="word">{record.engine.name}</span>
      </Tile>
    </dl>
  )
}

const FEW_NAMES = 3

function namesText({ experiments }: RunView): string {
  const names = [...new Set(experiments.map(({ name }) => name))]
  const more = names.length > FEW_NAMES ? ` +${names.length - FEW_NAMES}` : ''
  return names.slice(0, FEW_NAMES).join(', ') + more
}

/** The best accuracy of those that are done. */
function bestOf({ experiments }: RunView): number | undefined {
  const all = experiments.flatMap(({ accuracy }) => accuracy ?? [])
  return all.length === 0 ? undefined : Math.max(...all)
}

/** Each stage counts the same: how long one takes that waits, nobody knows. */
function shareOf({ stages, experiments }: RunView): number {
  const all = Object.values(stages)
  if (all.length === 0) return experiments.every(({ status }) => status === 'done') ? 1 : 0
  const shares = all.map(({ status, rows, epochs }) => {
    if (status === 'done') return 1
    return epochs === null || epochs === 0 ? 0 : (rows.at(-1)?.epoch ?? 0) / epochs
  })
  return shares.reduce((sum, one) => sum + one, 0) / all.length
}

/** The time, each second while it goes on. */
function useNow(goesOn: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!goesOn) return undefined
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [goesOn])
  return now
}
