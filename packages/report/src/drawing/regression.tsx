/** Figures of a regression. */
import type { RegressionFigures } from '../figures/stage-figures.js'
import { numberText, type Words } from '../words.js'
import { Axes, boxOf, Svg } from './frame.js'
import type { Paint } from './paint.js'
import { extent, linear } from './scale.js'

interface Props {
  readonly figures: RegressionFigures
  readonly paint: Paint
  readonly words: Words
}

/** On the diagonal, estimates are right; where the model tells intervals, they are lines. */
export function Estimates({ figures: { points, target, coverage }, paint, words }: Props) {
  const [width, height] = [460, 380]
  const box = boxOf(width, height)
  const both = extent(points.flatMap(({ truth, estimate, low = truth, high = truth }) => [truth, estimate, low, high]))
  const x = linear(both, [box.left, box.right])
  const y = linear(both, [box.bottom, box.top])
  const inside = coverage === null ? '' : `; ${(100 * coverage).toFixed(1)} % ${words.coverage}`
  return (
    <Svg label={`${words.estimates}: ${target}, ${points.length}${inside}`} width={width} height={height}>
      <Axes
        paint={paint}
        x={x}
        y={y}
        box={box}
        xName={`${target}: ${words.truth}`}
        yName={`${target}: ${words.estimate}`}
      />
      <line
        x1={x(both[0])}
        y1={y(both[0])}
        x2={x(both[1])}
        y2={y(both[1])}
        stroke={paint.faint}
        stroke-dasharray="4 4"
      />
      {points.map(({ truth, low, high }, at) =>
        low === undefined || high === undefined ? null : (
          <line
            key={at}
            x1={x(truth)}
            x2={x(truth)}
            y1={y(low)}
            y2={y(high)}
            stroke={low <= truth && truth <= high ? paint.right : paint.wrong}
            stroke-opacity="0.35"
            stroke-width="2"
          />
        ),
      )}
      {points.map(({ truth, estimate }, at) => (
        <circle key={at} cx={x(truth)} cy={y(estimate)} r="3" fill={paint.right} fill-opacity="0.75">
          <title>{`${words.truth} ${numberText(truth)}, ${words.estimate} ${numberText(estimate)}`}</title>
        </circle>
      ))}
    </Svg>
  )
}

export function Residuals({ figures: { residuals, target, numExamples }, paint, words }: Props) {
  const [width, height] = [380, 300]
  const { edges, counts } = residuals
  const box = boxOf(width, height)
  const x = linear([edges[0] ?? 0, edges.at(-1) ?? 1], [box.left, box.right])
  const y = linear([0, Math.max(1, ...counts)], [box.bottom, box.top])
  return (
    <Svg label={`${words.residuals}: ${target}, ${numExamples}`} width={width} height={height}>
      <Axes paint={paint} x={x} y={y} box={box} xName={`${target}: ${words.residual}`} yName={words.count} />
      {counts.map((count, at) => {
        const [from, to] = [x(edges[at] ?? 0), x(edges[at + 1] ?? 0)]
        return (
          <rect
            key={at}
            x={from + 0.5}
            y={y(count)}
            width={Math.max(0.5, to - from - 1)}
            height={box.bottom - y(count)}
            fill={paint.right}
          />
        )
      })}
      {x(0) >= box.left && x(0) <= box.right && (
        <line x1={x(0)} x2={x(0)} y1={box.top} y2={box.bottom} stroke={paint.ink} />
      )}
    </Svg>
  )
}
