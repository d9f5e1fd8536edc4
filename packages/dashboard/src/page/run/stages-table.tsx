/** How far each stage is. */
import { durationText, metricWord, numberText, type RunView, type StageView } from '@gradpool/report/components'
import { useState } from 'preact/hooks'
import { Meter, Status } from '../parts.js'
import { useShell } from '../shell.js'

const ORDER = ['running', 'failed', 'interrupted', 'waiting', 'done']
const FEW = 12
const MOST_METRICS = 4
/** Epochs that tell how long the next ones take. */
const RECENT = 5

export function StagesTable({ view }: { readonly view: RunView }) {
  const { words, language } = useShell()
  const [isAll, setAll] = useState(false)
  const stages = Object.values(view.stages).sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))
  const shown = isAll ? stages : stages.slice(0, FEW)
  const metrics = [...new Set(stages.flatMap(({ rows }) => namesIn(rows.at(-1))))].slice(0, MOST_METRICS)
  const hasSeeds = new Set(stages.map(({ seed }) => seed)).size > 1
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={words.stages}>
        <table class="stages">
          <thead>
            <tr>
              <th scope="col">{words.stage}</th>
              {hasSeeds && (
                <th scope="col" class="number">
                  {words.seed}
                </th>
              )}
              <th scope="col">{words.status}</th>
              <th scope="col" class="progress">
                {words.epoch}
              </th>
              {metrics.map((name) => (
                <th key={name} scope="col" class="number">
                  {metricWord(name, language).replace('.', ' ')}
                </th>
              ))}
              <th scope="col" class="number">
                {words.elapsed}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((stage) => (
              <tr key={stage.hash}>
                <th scope="row">
                  <b>{stage.name}</b>
                  <small class="of">{stage.experiments.join(', ')}</small>
                  {stage.isReused && <small class="of">{words.reused}</small>}
                  {stage.error !== undefined && <small class="of error">{stage.error}</small>}
                </th>
                {hasSeeds && <td class="number">{stage.seed}</td>}
                <td>
                  <Status status={stage.status} />
                </td>
                <td class="progress">
                  <Epochs stage={stage} />
                </td>
                {metrics.map((name) => (
                  <td key={name} class="number">
                    {metricText(stage, name)}
                  </td>
                ))}
                <td class="number">{timeOf(stage, words.left)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < stages.length && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          {stages.length - shown.length} {words.more}
        </button>
      )}
    </>
  )
}

function Epochs({ stage: { rows, epochs, status, name } }: { readonly stage: StageView }) {
  const { words } = useShell()
  const done = rows.at(-1)?.epoch ?? 0
  if (epochs === null) return <span class="none">{done > 0 ? done : '–'}</span>
  return (
    <>
      <span class="count">
        {done} / {epochs}
      </span>
      {status !== 'done' && <Meter share={done / epochs} label={`${name} ${words.epoch}`} />}
    </>
  )
}

type Row = StageView['rows'][number]

/** `loss`, `validation.loss`. */
function namesIn(row: Row | undefined): string[] {
  if (row === undefined) return []
  const named = (metrics: object, prefix: string) =>
    Object.entries(metrics).flatMap(([name, value]) =>
      typeof value === 'number' && name !== 'epoch' && name !== 'seconds' ? [prefix + name] : [],
    )
  return [...named(row, ''), ...named(row.validation ?? {}, 'validation.')]
}

function metricText({ rows }: StageView, name: string): string {
  const row = rows.at(-1)
  if (row === undefined) return '–'
  const isValidation = name.startsWith('validation.')
  const value = isValidation ? row.validation?.[name.slice('validation.'.length)] : row[name]
  return typeof value === 'number' ? numberText(value) : '–'
}

/** How long it took, or takes from now on at the pace of its last epochs. */
function timeOf({ status, seconds, rows, epochs }: StageView, left: string): string {
  if (seconds !== null) return durationText(seconds)
  const recent = rows.slice(-RECENT)
  if (status !== 'running' || epochs === null || recent.length === 0) return '–'
  const pace = recent.reduce((sum, row) => sum + row.seconds, 0) / recent.length
  return `≈ ${durationText(pace * Math.max(0, epochs - (rows.at(-1)?.epoch ?? 0)))} ${left}`
}
