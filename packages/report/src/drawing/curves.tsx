/** Curves of a metric as a drawing, for files and paper; a page draws the same by uPlot. */
import type { Panel } from '../view/curves.js'
import { metricWord, type Language, type Words } from '../words.js'
import { Axes, boxOf, lineThrough, Svg } from './frame.js'
import { seriesColour, type Paint } from './paint.js'
import { extent, linear } from './scale.js'

const DASHED = '5 4'

export function CurvesFigure({
  panel: { stage, metric, curves },
  order,
  paint,
  words,
  language,
}: {
  readonly panel: Panel
  /** Experiments in the order of their colours. */
  readonly order: readonly string[]
  readonly paint: Paint
  readonly words: Words
  readonly language: Language
}) {
  const names = [...new Set(curves.map(({ experiments }) => experiments.join(', ')))]
  const [width, height] = [620, 340 + 16 * names.length]
  const legend = 26 + 16 * names.length
  const box = { ...boxOf(width, height - legend) }
  const points = curves.flatMap((curve) => curve.points)
  const epochs = points.map(({ epoch }) => epoch)
  const x = linear([Math.min(...epochs), Math.max(...epochs)], [box.left, box.right], 8)
  const y = linear(extent(points.flatMap(({ low, high }) => [low, high])), [box.bottom, box.top])
  const name = metricWord(metric, language)
  return (
    <Svg label={`${stage}: ${name}`} width={width} height={height}>
      <Axes paint={paint} x={x} y={y} box={box} xName={words.epoch} yName={`${stage} ${name}`} />
      {curves.map(({ experiments, part, seeds, points: own }) => {
        const colour = seriesColour(paint, order.indexOf(experiments[0] ?? ''))
        const around = [
          ...own.map(({ epoch, high }) => [x(epoch), y(high)] as const),
          ...own.map(({ epoch, low }) => [x(epoch), y(low)] as const).reverse(),
        ]
        return (
          <g key={experiments.join() + part}>
            {seeds > 1 && <path d={`${lineThrough(around)}Z`} fill={colour} fill-opacity="0.15" />}
            <path
              d={lineThrough(own.map(({ epoch, mean }) => [x(epoch), y(mean)]))}
              fill="none"
              stroke={colour}
              stroke-width="2"
              stroke-dasharray={part === 'train' ? DASHED : undefined}
            />
          </g>
        )
      })}
      {names.map((text, at) => {
        const own = curves.find(({ experiments }) => experiments.join(', ') === text)
        const colour = seriesColour(paint, order.indexOf(own?.experiments[0] ?? ''))
        const top = height - legend + 16 * (at + 1)
        return (
          <g key={text}>
            <line x1={box.left} x2={box.left + 22} y1={top - 4} y2={top - 4} stroke={colour} stroke-width="3" />
            <text x={box.left + 30} y={top} fill={paint.ink}>
              {text}
            </text>
          </g>
        )
      })}
      <text x={box.left} y={height - 6} fill={paint.faint} font-size="11">
        {words.dashed} {curves.some(({ seeds }) => seeds > 1) ? words.band : ''}
      </text>
    </Svg>
  )
}
