/** Where the time of a run went: its stages from when to when, and below them how many threads were in use. */
import type { RunView, StageView } from '../view/run-view.js'
import { durationText, type Words } from '../words.js'
import { Svg } from './frame.js'
import { seriesColour, type Paint } from './paint.js'
import { linear, tickText } from './scale.js'

const ROW = 26
const MOST_ROWS = 200
const STAGE_KINDS = ['autoencode', 'classify', 'hash', 'regress', 'cluster', 'forecast', 'continueText']

export function Timeline({
  view,
  paint,
  words,
  width = 900,
}: {
  view: RunView
  paint: Paint
  words: Words
  width?: number
}) {
  const all = Object.values(view.stages).filter(({ spans }) => spans.length > 0)
  const stages = all.sort((a, b) => (a.spans[0]?.from ?? 0) - (b.spans[0]?.from ?? 0)).slice(0, MOST_ROWS)
  const names = stages.map(nameOf)
  const longest = names.reduce((most, name) => Math.max(most, name.length), 0)
  const left = Math.min(width * 0.4, 16 + 7 * longest)
  const bottom = 8 + stages.length * ROW
  const threads = 56
  const height = bottom + threads + 46
  const end = Math.max(view.seconds, 0.001)
  const x = linear([0, end], [left, width - 16], 8)
  const kinds = [...new Set([...STAGE_KINDS, ...stages.map(({ name }) => name)])]
  const most = Math.max(1, view.record.workers)
  const use = threadsInUse(stages, end, most)
  const y = (count: number) => bottom + 20 + (threads - 20) * (1 - count / most)
  return (
    <Svg label={`${words.timeline}: ${durationText(view.seconds)}`} width={width} height={height}>
      {x.ticks.map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={4} y2={bottom + threads} stroke={paint.grid} />
          <text x={x(tick)} y={bottom + threads + 18} text-anchor="middle" fill={paint.faint}>
            {tickText(tick)}
          </text>
        </g>
      ))}
      {stages.map((stage, row) => {
        const top = 8 + row * ROW
        const colour = seriesColour(paint, kinds.indexOf(stage.name))
        return (
          <g key={stage.hash}>
            <text x={left - 8} y={top + ROW / 2 + 4} text-anchor="end" fill={paint.ink}>
              {names[row]}
            </text>
            {stage.spans.map(({ from, to, threads: count }) => (
              <rect
                key={from}
                x={x(from)}
                y={top + 4 + (ROW - 8) * (1 - Math.min(1, count / most)) * 0.5}
                width={Math.max(1, x(to ?? end) - x(from))}
                height={Math.max(4, (ROW - 8) * (0.5 + 0.5 * Math.min(1, count / most)))}
                fill={colour}
                rx="2"
              >
                <title>{`${names[row] ?? ''}: ${from.toFixed(1)}–${(to ?? end).toFixed(1)} s, ${count} ${words.workers}`}</title>
              </rect>
            ))}
          </g>
        )
      })}
      <text x={left - 8} y={bottom + 40} text-anchor="end" fill={paint.ink}>
        {words.workersInUse}
      </text>
      <text x={width - 12} y={y(most) + 4} text-anchor="start" fill={paint.faint} font-size="10">
        {most}
      </text>
      <path
        d={`${use.map(({ from, to, count }, at) => `${at === 0 ? 'M' : 'L'}${x(from).toFixed(1)} ${y(count).toFixed(1)}L${x(to).toFixed(1)} ${y(count).toFixed(1)}`).join('')}L${x(end).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z`}
        fill={paint.right}
        fill-opacity="0.35"
        stroke={paint.right}
      />
      <text x={(left + width) / 2} y={height - 8} text-anchor="middle" fill={paint.ink}>
        {words.seconds}
      </text>
    </Svg>
  )
}

function nameOf({ experiments, name, seed }: StageView): string {
  const [first = '', ...others] = experiments
  const more = others.length > 0 ? ` +${others.length}` : ''
  const own = `${first}${more} ${name}${seed === 0 ? '' : ` @${seed}`}`
  return own.length > 44 ? `${own.slice(0, 43)}…` : own
}

/** Changes that are too short to be seen, as a part of the whole. */
const SHORT = 1 / 400

/**
 * How many threads stages had, from change to change. A stage tells of fewer threads when it goes on with them, after
 * another has begun with the rest, so there are never more than `most`.
 */
export function threadsInUse(
  stages: readonly StageView[],
  end: number,
  most: number,
): { from: number; to: number; count: number }[] {
  const spans = stages.flatMap((stage) => stage.spans.map((span) => ({ ...span, to: span.to ?? end })))
  const times = [...new Set([0, end, ...spans.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b)
  const found: { from: number; to: number; count: number }[] = []
  times.slice(0, -1).forEach((from, at) => {
    const to = times[at + 1] ?? end
    const running = spans.filter((span) => span.from <= from && span.to >= to)
    const threads = running.reduce((sum, one) => sum + one.threads, 0)
    const last = found.at(-1)
    const count = Math.min(most, threads)
    if (last !== undefined && (last.count === count || to - from < SHORT * end)) last.to = to
    else found.push({ from, to, count })
  })
  return found
}
