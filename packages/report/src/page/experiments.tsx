/** Each experiment with the figures of its stages, of one seed at a time. */
import { useState } from 'preact/hooks'
import { titleIn } from '../view/curves.js'
import type { ExperimentView, RunView } from '../view/run-view.js'
import { durationText, type Words } from '../words.js'
import type { PageData } from './page-data.js'
import { Figures } from './stage.js'

export function sectionId(view: RunView, name: string): string {
  return `experiment ${view.name} ${name}`.replaceAll(/[^\p{L}\p{N}]+/gu, '-')
}

export function Experiments({
  views,
  figures,
  words,
}: Pick<PageData, 'views' | 'figures'> & { readonly words: Words }) {
  const shownWith = new Map<string, string>()
  return (
    <>
      {views.flatMap((view) =>
        [...new Set(view.experiments.map(({ name }) => name))].map((name) => {
          const group = view.experiments.filter((one) => one.name === name)
          const known = new Map(shownWith)
          for (const hash of group.flatMap(({ stages }) => stages)) {
            if (!shownWith.has(hash)) shownWith.set(hash, titleIn(views, view, name))
          }
          return (
            <Experiment
              key={sectionId(view, name)}
              id={sectionId(view, name)}
              title={titleIn(views, view, name)}
              view={view}
              group={group}
              figures={figures}
              shownWith={known}
              words={words}
            />
          )
        }),
      )}
    </>
  )
}

interface Props {
  readonly id: string
  readonly title: string
  readonly view: RunView
  /** Of its seeds. */
  readonly group: readonly ExperimentView[]
  readonly figures: PageData['figures']
  /** Stages that are shown with an experiment before. */
  readonly shownWith: ReadonlyMap<string, string>
  readonly words: Words
}

function Experiment({ id, title, view, group, figures, shownWith, words }: Props) {
  const [chosen, setChosen] = useState(0)
  const one = group[chosen] ?? group[0]
  if (one === undefined) return null
  return (
    <section class="experiment" id={id}>
      <h3>{title}</h3>
      <p class="note">
        {one.condition}
        {one.accuracy !== null && (
          <>
            {' '}
            · {words.accuracy} <b>{one.accuracy.toFixed(3)}</b>
          </>
        )}
        {one.reported !== null && (
          <>
            {' '}
            ({words.report} {one.reported.toFixed(3)})
          </>
        )}{' '}
        · {durationText(one.seconds)}
        {one.status !== 'done' && (
          <>
            {' '}
            · <span class={`status ${one.status}`}>{words[one.status]}</span>
          </>
        )}
      </p>
      {one.error !== undefined && <p class="error">{one.error}</p>}
      {group.length > 1 && (
        <label class="option">
          {words.seed}{' '}
          <select value={String(chosen)} onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}>
            {group.map(({ seed }, at) => (
              <option key={seed} value={String(at)}>
                {seed}
              </option>
            ))}
          </select>
        </label>
      )}
      {one.stages.map((hash) => {
        const stage = view.stages[hash]
        const made = figures[hash]
        const earlier = shownWith.get(hash)
        return (
          <div key={hash} class="stage">
            <h4>
              {stage?.name ?? hash}
              {stage?.isReused === true && <small> {words.reused}</small>}
              {earlier !== undefined && (
                <small>
                  {' '}
                  {words.shownWith} {earlier}
                </small>
              )}
            </h4>
            {stage?.error !== undefined && <p class="error">{stage.error}</p>}
            {made && earlier === undefined && <Figures figures={made} words={words} />}
          </div>
        )
      })}
    </section>
  )
}
