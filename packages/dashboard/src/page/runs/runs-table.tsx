/** A row for each experiment of a run, its seeds together. */
import { durationText, metricWord, numberText } from '@gradpool/report/components'
import type { ComponentChildren } from 'preact'
import type { RowCurves, RunRow } from '../../api.js'
import { Sparkline, Status } from '../parts.js'
import { addressOf } from '../route.js'
import { useShell } from '../shell.js'
import { agoText, deviationText, timeText } from '../words.js'

interface Props {
  readonly rows: readonly RunRow[]
  readonly metrics: readonly string[]
  readonly curves: RowCurves['curves']
  /** With `-` before it, the largest first. */
  readonly sort: string
  readonly selected: ReadonlySet<string>
  readonly onSort: (sort: string) => void
  readonly onSelect: (row: RunRow) => void
  readonly onTag: (tag: string) => void
}

/** What a comparison calls it. */
export function rowName({ id, experiment }: RunRow): string {
  return `${id}/${experiment}`
}

export function RunsTable({ rows, metrics, curves, sort, selected, onSort, onSelect, onTag }: Props) {
  const { words, language } = useShell()
  const now = Date.now()
  const head = (name: string, text: string, kind = '') => (
    <SortHead name={name} sort={sort} onSort={onSort} kind={kind}>
      {text}
    </SortHead>
  )
  return (
    <div class="panel list">
      <table class="runs">
        <thead>
          <tr>
            <td class="check" />
            {head('experiment', words.experimentAndRun, 'name')}
            {head('status', words.status)}
            {metrics.map((name) => head(name, metricWord(name, language), 'number'))}
            <th scope="col" class="curve">
              {words.curve}
            </th>
            {head('epoch', words.epochs, 'number minor')}
            {head('seconds', words.duration, 'number minor')}
            {head('started', words.started, 'number')}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const name = rowName(row)
            const curve = curves[name]
            return (
              <tr key={name} class={selected.has(name) ? 'selected' : undefined}>
                <td class="check">
                  <input
                    type="checkbox"
                    checked={selected.has(name)}
                    aria-label={`${words.select}: ${row.experiment}, ${row.id}`}
                    onChange={() => onSelect(row)}
                  />
                </td>
                <th scope="row" class="name">
                  <a href={addressOf('run', row.id)}>
                    <b>{row.experiment}</b>
                    {row.seeds > 1 && (
                      <small>
                        {' '}
                        {row.seeds} {words.seeds}
                      </small>
                    )}
                  </a>
                  <span class="labels">
                    <span class="id">{row.id}</span>
                    {row.tags.map((tag) => (
                      <button key={tag} type="button" class="tag" onClick={() => onTag(tag)}>
                        {tag}
                      </button>
                    ))}
                    {row.note !== '' && <span class="remark">{row.note}</span>}
                  </span>
                </th>
                <td class="state">
                  <Status status={row.status} />
                </td>
                {metrics.map((metric) => (
                  <td key={metric} class="number metric" data-name={metricWord(metric, language)}>
                    <Value row={row} metric={metric} />
                  </td>
                ))}
                <td class="curve">
                  {curve && (
                    <Sparkline
                      values={curve.values}
                      label={`${metricWord(curve.metric, language)}: ${numberText(curve.values.at(-1) ?? NaN)}`}
                    />
                  )}
                </td>
                <td class="number minor">{row.epochs}</td>
                <td class="number minor">{row.seconds === null ? '–' : durationText(row.seconds)}</td>
                <td class="number when">
                  <time dateTime={row.started} title={timeText(row.started, language)}>
                    {agoText(row.started, now, language)}
                  </time>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function Value({ row: { metrics }, metric }: { readonly row: RunRow; readonly metric: string }) {
  const spread = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined
  if (spread === undefined) return <span class="none">–</span>
  return (
    <>
      {numberText(spread.mean)}
      {spread.deviation !== null && <small> ± {deviationText(spread.deviation, spread.mean)}</small>}
    </>
  )
}

/** Numbers and times are sorted with the largest first. */
function SortHead({
  name,
  sort,
  kind,
  onSort,
  children,
}: {
  readonly name: string
  readonly sort: string
  readonly kind: string
  readonly onSort: (sort: string) => void
  readonly children: ComponentChildren
}) {
  const isUp = sort === name
  const isDown = sort === `-${name}`
  const first = kind.includes('number') ? `-${name}` : name
  const other = isUp ? `-${name}` : name
  return (
    <th scope="col" class={kind} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : undefined}>
      <button type="button" class="sort" onClick={() => onSort(isUp || isDown ? other : first)}>
        {children}
        <span aria-hidden="true">{isUp ? ' ↑' : isDown ? ' ↓' : ''}</span>
      </button>
    </th>
  )
}
