/** The table of a run, with the report's figures beside where there are any. */
import type { RunView } from '../view/run-view.js'
import { tableOf, type Spread, type TableRow } from '../view/table.js'
import { metricWord, numberText, type Language, type Words } from '../words.js'

/** What the columns `report` and `ours` tell. */
const OURS = ['test.loss', 'test.accuracy']

interface Props {
  readonly views: readonly RunView[]
  readonly words: Words
  readonly language: Language
}

export function ResultsTable({ views, words, language }: Props) {
  const rows = tableOf(views)
  const isReported = rows.some(({ reported }) => reported !== null)
  const names = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))].filter(
    (name) => !isReported || !OURS.includes(name),
  )
  const hasConditions = rows.some(({ condition }) => condition !== '')
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={words.results}>
      <table class="results">
        <thead>
          <tr>
            <th scope="col">{words.experiment}</th>
            {hasConditions && (
              <th scope="col" class="condition">
                {words.condition}
              </th>
            )}
            {isReported && (
              <>
                <th scope="col" class="number">
                  {words.report}
                </th>
                <th scope="col" class="number">
                  {words.ours}
                </th>
                <th scope="col" class="bar">
                  {words.reportBar}
                </th>
              </>
            )}
            {names.map((name) => (
              <th key={name} scope="col" class="number">
                {metricWord(name, language)}
              </th>
            ))}
            <th scope="col" class="number">
              {words.seconds}
            </th>
            <th scope="col">{words.status}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.title}>
              <th scope="row">
                {row.title}
                {row.seeds > 1 && (
                  <small>
                    {' '}
                    {row.seeds} {words.seeds}
                  </small>
                )}
              </th>
              {hasConditions && <td class="condition">{row.condition}</td>}
              {isReported && (
                <>
                  <td class="number">{row.reported?.toFixed(3) ?? '–'}</td>
                  <td class="number strong">
                    {row.accuracy ? spreadText(row.accuracy, (one) => one.toFixed(3)) : '–'}
                  </td>
                  <td>
                    <Bar row={row} words={words} />
                  </td>
                </>
              )}
              {names.map((name) => (
                <td key={name} class="number">
                  {row.metrics[name] ? spreadText(row.metrics[name], numberText) : '–'}
                </td>
              ))}
              <td class="number">{row.seconds.toFixed(1)}</td>
              <td>
                <span class={`status ${row.status}`}>{words[row.status]}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function spreadText({ mean, deviation }: Spread, text: (value: number) => string): string {
  return deviation === null ? text(mean) : `${text(mean)} ± ${text(deviation)}`
}

/** Ours as a bar from 0 to 1, and the report's figure as a mark across it. */
function Bar({ row: { accuracy, reported }, words }: { readonly row: TableRow; readonly words: Words }) {
  const [width, height] = [120, 16]
  const place = (value: number) => Math.max(0, Math.min(1, value)) * width
  const label = `${words.ours} ${accuracy?.mean.toFixed(3) ?? '–'}, ${words.report} ${reported?.toFixed(3) ?? '–'}`
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <rect x="0" y="4" width={width} height={height - 8} fill="var(--grid)" rx="2" />
      {accuracy && <rect x="0" y="4" width={place(accuracy.mean)} height={height - 8} fill="var(--series-0)" rx="2" />}
      {reported !== null && (
        <rect x={place(reported) - 1.5} y="0" width="3" height={height} fill="var(--ink)" stroke="var(--paper)" />
      )}
    </svg>
  )
}
