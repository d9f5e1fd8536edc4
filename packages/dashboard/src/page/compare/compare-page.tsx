/** Runs side by side: what differs, results seed by seed, curves on one scale. */
import { Curves, numberText, Swatch, type RunView } from '@gradpool/report/components'
import { useEffect, useState } from 'preact/hooks'
import type { Compared, Comparison, Followed } from '../../api.js'
import { Empty, Problem } from '../parts.js'
import { addressOf, replaceRoute } from '../route.js'
import { errorOf, get, useAnswer } from '../server.js'
import { useShell } from '../shell.js'
import { deviationText } from '../words.js'
import { SeedsFigure } from './seeds-figure.js'

export function ComparePage({ query }: { readonly query: URLSearchParams }) {
  const { words } = useShell()
  const runs = query.getAll('run')
  const answer = useAnswer<Compared>(runs.length < 2 ? null : `api/compare?${query.toString()}`)
  if (runs.length < 2) {
    return (
      <Empty title={words.chooseRuns} isPage>
        <p>{words.chooseRunsHint}</p>
        <p>
          <a class="button" href={addressOf('')}>
            {words.toRuns}
          </a>
        </p>
      </Empty>
    )
  }
  return (
    <>
      <div class="heading">
        <div>
          <p class="crumb">
            <a href={addressOf('')}>← {words.runs}</a>
          </p>
          <h1>{words.comparison}</h1>
        </div>
      </div>
      <Sides query={query} runs={runs} />
      <Problem {...answer} />
      {answer.value === undefined && answer.isAsking && <p class="loading">{words.loading}</p>}
      {answer.value?.comparisons.map((comparison) => (
        <Compare key={comparison.experiments.join(' ')} comparison={comparison} />
      ))}
      <SharedCurves runs={runs} />
    </>
  )
}

/** What is compared, in the colours of the curves. */
function Sides({ query, runs }: { readonly query: URLSearchParams; readonly runs: readonly string[] }) {
  const { words } = useShell()
  const without = (run: string) => {
    const next = new URLSearchParams(query)
    next.delete('run')
    for (const each of runs) if (each !== run) next.append('run', each)
    replaceRoute(addressOf('compare', '', next))
  }
  return (
    <ul class="chips sides">
      {runs.map((run, at) => (
        <li key={run}>
          <Swatch at={at} />
          <a href={addressOf('run', run.split('/', 1)[0])}>{run}</a>
          {runs.length > 2 && (
            <button type="button" aria-label={`${words.clear} ${run}`} onClick={() => without(run)}>
              ×
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}

function Compare({ comparison }: { readonly comparison: Comparison }) {
  const { words } = useShell()
  const { experiments, differences, results } = comparison
  const sides = shortened(comparison.sides)
  const title = [...new Set(experiments)].join(' · ')
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      <div class="columns">
        <div>
          <h3>
            {words.bySeed}
            {results && <small> {results.metric}</small>}
          </h3>
          {results ? <Results sides={sides} results={results} /> : <p class="note">{words.noResults}</p>}
        </div>
        <div>
          <h3>{words.differs}</h3>
          {differences.length === 0 ? (
            <p class="note">{words.nothingDiffers}</p>
          ) : (
            <div class="scroll" tabIndex={0} role="region" aria-label={words.differs}>
              <table class="differences">
                <thead>
                  <tr>
                    <td />
                    {sides.map((side, at) => (
                      <SideHead key={side} side={side} at={at} />
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {differences.map(({ name, values }) => (
                    <tr key={name}>
                      <th scope="row">
                        <code>{name}</code>
                      </th>
                      {values.map((value, at) => (
                        <td key={at}>{value ?? <span class="none">–</span>}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      </div>
    </section>
  )
}

/** Without what all have in common: the run, or the experiment. */
function shortened(sides: readonly string[]): readonly string[] {
  const parts = sides.map((side) => {
    const at = side.indexOf('/')
    return at < 0 ? [side, ''] : [side.slice(0, at), side.slice(at + 1)]
  })
  const [runs, experiments] = [parts.map(([run = '']) => run), parts.map(([, experiment = '']) => experiment)]
  if (experiments.includes('')) return sides
  if (new Set(experiments).size === 1) return runs
  return new Set(runs).size === 1 ? experiments : sides
}

function SideHead({
  side,
  at,
  isNumber = false,
}: {
  readonly side: string
  readonly at: number
  readonly isNumber?: boolean
}) {
  return (
    <th scope="col" class={isNumber ? 'number' : undefined}>
      <span class="side">
        <Swatch at={at} />
        {side}
      </span>
    </th>
  )
}

function Results({
  sides,
  results,
}: {
  readonly sides: readonly string[]
  readonly results: NonNullable<Comparison['results']>
}) {
  const { words } = useShell()
  const text = (value: number | null) => (value === null ? '–' : numberText(value))
  return (
    <>
      <SeedsFigure sides={sides} results={results} />
      <div class="scroll" tabIndex={0} role="region" aria-label={words.bySeed}>
        <table class="by-seed">
          <thead>
            <tr>
              <th scope="col">{words.seed}</th>
              {sides.map((side, at) => (
                <SideHead key={side} side={side} at={at} isNumber />
              ))}
            </tr>
          </thead>
          <tbody>
            {results.seeds.map(({ seed, values }) => (
              <tr key={seed}>
                <th scope="row">{seed}</th>
                {values.map((value, at) => (
                  <td key={at} class="number">
                    {text(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{words.mean}</th>
              {results.sides.map(({ mean, deviation }, at) => (
                <td key={at} class="number strong">
                  {text(mean)}
                  {deviation !== null && mean !== null && <small> ± {deviationText(deviation, mean)}</small>}
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
      <ul class="tests" aria-label={words.pairedTest}>
        {results.tests.map((test, at) => (
          <li key={at}>
            <b>
              {sides[at + 1]} {words.less} {sides[0]}
            </b>
            {test === null ? (
              <span class="note">{words.noTest}</span>
            ) : (
              <>
                <span class="difference">
                  {signed(test.difference)} <small>± {deviationText(test.error, test.difference)}</small>
                </span>
                <span class="note">
                  t = {test.t.toFixed(2).replace('-', '−')}, {test.degreesOfFreedom} {words.degreesOfFreedom}, p ={' '}
                  {test.p < 0.001 ? test.p.toExponential(1) : test.p.toFixed(3)}
                </span>
              </>
            )}
          </li>
        ))}
      </ul>
      {results.tests.some((test) => test !== null) && <p class="note">{words.pairedTest}.</p>}
    </>
  )
}

function signed(value: number): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${numberText(Math.abs(value))}`
}

/** Each side's experiment alone, so that its curve has the colour of its side. */
function SharedCurves({ runs }: { readonly runs: readonly string[] }) {
  const { words, language, theme } = useShell()
  const [views, setViews] = useState<readonly RunView[]>([])
  const [problem, setProblem] = useState<Error>()
  const [times, setTimes] = useState(0)
  useEffect(() => {
    const abort = new AbortController()
    setProblem(undefined)
    const ids = [...new Set(runs.map((run) => run.split('/', 1)[0] ?? ''))]
    Promise.all(ids.map((id) => get<Followed>(`api/runs/${encodeURIComponent(id)}`, { signal: abort.signal }))).then(
      (all) => {
        const byId = new Map(all.map(({ view, state }) => [state.id, view]))
        setViews(runs.flatMap((run) => sideOf(run, byId) ?? []))
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setProblem(errorOf(error))
      },
    )
    return () => abort.abort()
  }, [runs.join(' '), times])
  if (problem) return <Problem error={problem} again={() => setTimes(times + 1)} />
  if (views.length === 0) return null
  return (
    <section class="panel" aria-labelledby="curves">
      <h2 id="curves">{words.curves}</h2>
      <Curves views={views} theme={theme} words={words} language={language} />
    </section>
  )
}

/** A view of the experiment that is meant: of `RUN/EXPERIMENT`, that one; of `RUN`, all. */
function sideOf(run: string, byId: ReadonlyMap<string, RunView>): RunView | undefined {
  const at = run.indexOf('/')
  const view = byId.get(at < 0 ? run : run.slice(0, at))
  if (view === undefined || at < 0) return view
  const name = run.slice(at + 1)
  const stages = Object.entries(view.stages).flatMap(([hash, stage]) =>
    stage.experiments.includes(name) ? [[hash, { ...stage, experiments: [name] }] as const] : [],
  )
  return {
    ...view,
    experiments: view.experiments.filter((one) => one.name === name),
    stages: Object.fromEntries(stages),
  }
}
