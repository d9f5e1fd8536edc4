/** All curves of the runs, of the experiments that the reader chooses. */
import { useMemo, useState } from 'preact/hooks'
import { experimentsIn, panelsOf } from '../view/curves.js'
import type { RunView } from '../view/run-view.js'
import type { Language, Words } from '../words.js'
import { Chart, Swatch } from './chart.js'

export interface CurvesProps {
  readonly views: readonly RunView[]
  readonly theme: string
  readonly words: Words
  readonly language: Language
}

export function Curves({ views, theme, words, language }: CurvesProps) {
  const panels = useMemo(() => panelsOf(views), [views])
  const order = useMemo(() => experimentsIn(views), [views])
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [isLog, setLog] = useState(false)
  const shown = useMemo(
    () =>
      panels.map((panel) => ({
        ...panel,
        curves: panel.curves.filter(({ experiments }) => experiments.some((name) => !hidden.has(name))),
      })),
    [panels, hidden],
  )
  if (panels.length === 0) return <p>{words.noCurves}</p>
  const toggle = (name: string) => {
    const next = new Set(hidden)
    if (!next.delete(name)) next.add(name)
    setHidden(next)
  }
  const hasBands = panels.some(({ curves }) => curves.some(({ seeds }) => seeds > 1))
  return (
    <>
      <fieldset class="choices">
        <legend>{words.experiments}</legend>
        {order.map((name, at) => (
          <label key={name}>
            <input type="checkbox" checked={!hidden.has(name)} onChange={() => toggle(name)} />
            <Swatch at={at} />
            {name}
          </label>
        ))}
        <span class="buttons">
          <button type="button" onClick={() => setHidden(new Set())}>
            {words.showAll}
          </button>
          <button type="button" onClick={() => setHidden(new Set(order))}>
            {words.showNone}
          </button>
        </span>
        <label class="option">
          <input type="checkbox" checked={isLog} onChange={() => setLog(!isLog)} />
          {words.logScale}
        </label>
      </fieldset>
      <p class="note">
        {words.dashed} {hasBands && words.band}
      </p>
      <div class="charts">
        {shown.map((panel) => (
          <Chart
            key={`${panel.stage} ${panel.metric}`}
            panel={panel}
            order={order}
            isLog={isLog}
            theme={theme}
            words={words}
            language={language}
          />
        ))}
      </div>
    </>
  )
}
