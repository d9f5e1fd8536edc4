/** Curves of a metric, drawn by uPlot, with what they are at the pointer; on paper they are a drawing. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { CurvesFigure } from '../drawing/curves.js'
import { themed } from '../drawing/paint.js'
import type { Curve, Panel } from '../view/curves.js'
import { metricWord, numberText, type Language, type Words } from '../words.js'

const HEIGHT = 260
const NUM_SERIES = 8
/** Between ticks at epochs. */
const WHOLE_STEPS = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 7 }, (_, power) => step * 10 ** power))
  .sort((a, b) => a - b)

export interface ChartProps {
  readonly panel: Panel
  /** Experiments in the order of their colours. */
  readonly order: readonly string[]
  readonly isLog: boolean
  /** Changes when colours do. */
  readonly theme: string
  readonly words: Words
  readonly language: Language
}

export function Chart({ panel, order, isLog, theme, words, language }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const drawn = useRef<{ readonly plot: uPlot; readonly panel: Panel }>(null)
  const [at, setAt] = useState<{ readonly epoch: number; readonly left: number } | null>(null)
  const { stage, metric, curves } = panel
  const lines = linesOf(panel, order, isLog)
  useEffect(() => {
    const element = host.current
    if (element === null || curves.length === 0) return undefined
    const { options, data } = plotOf(panel, lines)
    const onCursor = ({ cursor: { idx, left = -1 }, data: [epochs] }: uPlot) => {
      const epoch = typeof idx === 'number' && left >= 0 ? epochs[idx] : undefined
      setAt(epoch === undefined ? null : { epoch, left })
    }
    const plot = new uPlot(
      { ...options, width: element.clientWidth || 400, height: HEIGHT, hooks: { setCursor: [onCursor] } },
      data,
      element,
    )
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: HEIGHT })
    })
    observer.observe(element)
    drawn.current = { plot, panel }
    return () => {
      observer.disconnect()
      plot.destroy()
      drawn.current = null
    }
  }, [JSON.stringify(lines), theme])
  // Of a run that goes on, the same lines get longer.
  useEffect(() => {
    if (drawn.current && drawn.current.panel !== panel) changeData(drawn.current.plot, plotOf(panel, lines).data)
  }, [panel])
  const name = metricWord(metric, language)
  const last = (curve: Curve) => curve.points.at(-1)
  const told = curves.map((curve) => {
    const value = last(curve)?.mean
    return `${curve.experiments.join(', ')} ${words[curve.part]} ${value === undefined ? '–' : numberText(value)}`
  })
  return (
    <figure class="chart">
      <figcaption>
        {stage} · <strong>{name}</strong>
      </figcaption>
      <div class="plot" ref={host} role="img" aria-label={`${stage}, ${name}: ${told.join('; ')}`} />
      {at && <Readout panel={panel} order={order} epoch={at.epoch} words={words} />}
      <div class="on-paper" aria-hidden="true">
        <CurvesFigure panel={panel} order={order} paint={themed} words={words} language={language} />
      </div>
      <details>
        <summary>{words.asTable}</summary>
        <CurveTable panel={panel} words={words} name={name} />
      </details>
    </figure>
  )
}

function Readout({
  panel,
  order,
  epoch,
  words,
}: Pick<ChartProps, 'panel' | 'order' | 'words'> & { readonly epoch: number }) {
  return (
    <ul class="readout" aria-hidden="true">
      <li>
        {words.epoch} {epoch}
      </li>
      {panel.curves.map(({ experiments, part, points }) => {
        const point = points.find((one) => one.epoch === epoch)
        return point === undefined ? null : (
          <li key={experiments.join() + part}>
            <Swatch at={order.indexOf(experiments[0] ?? '')} isDashed={part === 'train'} />
            {experiments.join(', ')} {words[part]} <b>{numberText(point.mean)}</b>
          </li>
        )
      })}
    </ul>
  )
}

export function Swatch({ at, isDashed = false }: { readonly at: number; readonly isDashed?: boolean }) {
  return (
    <svg class="swatch" width="22" height="10" viewBox="0 0 22 10" aria-hidden="true">
      <line
        x1="1"
        x2="21"
        y1="5"
        y2="5"
        stroke={`var(--series-${at % NUM_SERIES})`}
        stroke-width="3"
        stroke-dasharray={isDashed ? '5 3' : undefined}
      />
    </svg>
  )
}

const MOST_ROWS = 50

function CurveTable({
  panel: { curves },
  words,
  name,
}: Pick<ChartProps, 'panel' | 'words'> & { readonly name: string }) {
  const epochs = [...new Set(curves.flatMap(({ points }) => points.map(({ epoch }) => epoch)))].sort((a, b) => a - b)
  const every = Math.ceil(epochs.length / MOST_ROWS)
  const shown = epochs.filter((_, at) => at % every === 0 || at === epochs.length - 1)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={name}>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.epoch}</th>
            {curves.map(({ experiments, part }) => (
              <th key={experiments.join() + part} scope="col" class="number">
                {experiments.join(', ')} {words[part]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((epoch) => (
            <tr key={epoch}>
              <th scope="row">{epoch}</th>
              {curves.map(({ experiments, part, points }) => {
                const point = points.find((one) => one.epoch === epoch)
                return (
                  <td key={experiments.join() + part} class="number">
                    {point ? numberText(point.mean) : '–'}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface Lines {
  /** By curve: its place among the colours, whether seeds make it a band, and whether it is of the training. */
  readonly curves: readonly { readonly colour: number; readonly isBand: boolean; readonly isDashed: boolean }[]
  readonly isLog: boolean
  readonly hasPoints: boolean
}

/** What a chart is made for; while it stays the same, only the data of the chart changes. */
function linesOf({ curves }: Panel, order: readonly string[], isLog: boolean): Lines {
  return {
    curves: curves.map(({ experiments, part, seeds }) => ({
      colour: Math.max(0, order.indexOf(experiments[0] ?? '')) % NUM_SERIES,
      isBand: seeds > 1,
      isDashed: part === 'train',
    })),
    isLog: isLog && curves.every(({ points }) => points.every(({ low }) => low > 0)),
    hasPoints: curves.every(({ points }) => points.length < 3),
  }
}

/** Who looks at a part goes on to look at it. */
function changeData(plot: uPlot, data: uPlot.AlignedData): void {
  const [epochs] = plot.data
  const { min, max } = plot.scales.x ?? {}
  const [first, last] = [epochs[0], epochs.at(-1)]
  const isDrawn = typeof min === 'number' && typeof max === 'number' && first !== undefined && last !== undefined
  const isPart = isDrawn && (min > first || max < last)
  plot.setData(data, !isPart)
  if (isPart) plot.setScale('x', { min, max })
}

/** A band is the area between two curves that are not drawn: the least and the most over the seeds. */
function plotOf({ curves }: Panel, lines: Lines) {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const epochs = [...new Set(curves.flatMap(({ points }) => points.map(({ epoch }) => epoch)))].sort((a, b) => a - b)
  const data: (number | null)[][] = [epochs]
  const series: uPlot.Series[] = [{}]
  const bands: uPlot.Band[] = []
  curves.forEach(({ points }, at) => {
    const line = lines.curves[at]
    if (line === undefined) return
    const byEpoch = new Map(points.map((point) => [point.epoch, point]))
    const along = (of: 'mean' | 'low' | 'high') => epochs.map((epoch) => byEpoch.get(epoch)?.[of] ?? null)
    const stroke = colour(`series-${line.colour}`)
    if (line.isBand) {
      const hidden = { stroke: 'transparent', width: 0, points: { show: false }, spanGaps: true }
      series.push(hidden, hidden)
      bands.push({ series: [data.length, data.length + 1], fill: `${stroke}26` })
      data.push(along('high'), along('low'))
    }
    series.push({
      stroke,
      width: 2,
      spanGaps: true,
      points: { show: lines.hasPoints },
      ...(line.isDashed && { dash: [5, 4] }),
    })
    data.push(along('mean'))
  })
  const axis = {
    stroke: colour('faint'),
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid') },
  }
  const options = {
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { show: true } },
    scales: { x: { time: false }, y: lines.isLog ? { distr: 3 as const } : {} },
    axes: [
      { ...axis, incrs: WHOLE_STEPS },
      { ...axis, size: 64 },
    ],
    series,
    bands,
  } satisfies Omit<uPlot.Options, 'width' | 'height'>
  // uPlot's types have no null where a series has no value; its documentation does.
  return { options, data: data as uPlot.AlignedData }
}
