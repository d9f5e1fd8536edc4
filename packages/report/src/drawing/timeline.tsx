/**
 * Where the time of a run went: its stages from when to when, and below them how many threads were in use, and what the
 * process took of the machine where that was measured.
 */
import { experimentsIn } from '../view/curves.js'
import type { RunView, StageView } from '../view/run-view.js'
import { follows, type UsageSpan } from '../view/usage.js'
import { bytesText, durationText, type Words } from '../words.js'
import { Svg } from './frame.js'
import { seriesColour, type Paint } from './paint.js'
import { linear, tickText, type Scale } from './scale.js'

const ROW = 26
const MOST_ROWS = 200
const STRIP = 56
/** Above what is drawn in a strip. */
const ABOVE = 20

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
  const usage = usageStrips(view, paint, words)
  const titles = [...names, words.workersInUse, ...usage.flatMap(({ name, most }) => [name, most])]
  const longest = titles.reduce((most, name) => Math.max(most, name.length), 0)
  const left = Math.min(width * 0.4, 16 + 7 * longest)
  const bottom = 8 + stages.length * ROW
  const floor = bottom + STRIP * (1 + usage.length)
  const height = floor + 46
  const end = Math.max(view.seconds, 0.001)
  const x = linear([0, end], [left, width - 16], 8)
  // In colours as its curves are.
  const order = experimentsIn([view])
  const { workers } = view.record
  const use = threadsInUse(stages, end, workers ?? Infinity)
  // Over a queue, nobody says how many threads there are.
  const most = Math.max(1, workers ?? 1, ...use.map(({ count }) => count))
  const y = (count: number) => bottom + ABOVE + (STRIP - ABOVE) * (1 - count / most)
  const told = usage.map(({ name, most }) => `${name} ${most}`)
  return (
    <Svg label={[`${words.timeline}: ${durationText(view.seconds)}`, ...told].join('; ')} width={width} height={height}>
      {x.ticks.map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={4} y2={floor} stroke={paint.grid} />
          <text x={x(tick)} y={floor + 18} text-anchor="middle" fill={paint.faint}>
            {tickText(tick)}
          </text>
        </g>
      ))}
      {stages.map((stage, row) => {
        const top = 8 + row * ROW
        const colour = seriesColour(paint, order.indexOf(stage.experiments[0] ?? ''))
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
      {usage.map(({ name, most, colour, spans, share }, row) => (
        <g key={name}>
          <text x={left - 8} y={bottom + STRIP * (row + 1) + 36} text-anchor="end" fill={paint.ink}>
            {name}
          </text>
          <text x={left - 8} y={bottom + STRIP * (row + 1) + 51} text-anchor="end" fill={paint.faint} font-size="11">
            {most}
          </text>
          <path d={steps(spans, x, bottom + STRIP * (row + 2), share)} fill={colour} fill-opacity="0.35" />
        </g>
      ))}
      <text x={(left + width) / 2} y={height - 8} text-anchor="middle" fill={paint.ink}>
        {words.seconds}
      </text>
    </Svg>
  )
}

interface Strip {
  readonly name: string
  /** `at most 1.9 cores` */
  readonly most: string
  readonly colour: string
  readonly spans: readonly UsageSpan[]
  /** Of the height. */
  readonly share: (span: UsageSpan) => number
}

/** Over a queue, others train: what is measured is named for what it is. */
function usageStrips({ usage: spans, record }: RunView, paint: Paint, words: Words): Strip[] {
  if (spans.length === 0) return []
  const mostOf = (name: 'cores' | 'memoryBytes') => spans.reduce((most, span) => Math.max(most, span[name]), 0)
  const [cores, bytes] = [mostOf('cores'), mostOf('memoryBytes')]
  const whose = record.workers === null ? ` ${words.ofSubmitter}` : ''
  const full = Math.max(1, Math.ceil(cores - 0.05))
  return [
    {
      name: words.cpu + whose,
      most: `${words.atMost} ${cores.toFixed(1)} ${words.cores}`,
      colour: seriesColour(paint, 2),
      spans,
      share: (span) => Math.min(1, span.cores / full),
    },
    {
      name: words.memory + whose,
      most: `${words.atMost} ${bytesText(bytes)}`,
      colour: seriesColour(paint, 3),
      spans,
      share: (span) => span.memoryBytes / bytes,
    },
  ]
}

/** An area from span to span, with nothing where nothing was measured. */
function steps(spans: readonly UsageSpan[], x: Scale, floor: number, share: Strip['share']): string {
  return spans
    .map((span, at) => {
      const next = spans[at + 1]
      const from = x(Math.max(0, span.from)).toFixed(1)
      // Samples are not taken to the millisecond.
      const to = x(next !== undefined && follows(span, next) ? next.from : span.to).toFixed(1)
      const top = (floor - (STRIP - ABOVE) * share(span)).toFixed(1)
      return `M${from} ${floor}L${from} ${top}L${to} ${top}L${to} ${floor}Z`
    })
    .join('')
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
