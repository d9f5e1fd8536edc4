/** Figures of a classifier. */
import type { ClassificationFigures } from '../figures/stage-figures.js'
import { type Words } from '../words.js'
import { Axes, boxOf, lineThrough, Svg } from './frame.js'
import type { Paint } from './paint.js'
import { linear } from './scale.js'

interface Props {
  readonly figures: ClassificationFigures
  readonly paint: Paint
  readonly words: Words
}

const MOST_WITH_COUNTS = 20

/** Rows are truths; the stronger a cell, the larger its share of the row. */
export function ConfusionMatrix({ figures: { classes, confusion, numExamples }, paint, words }: Props) {
  const count = classes.length
  const cell = Math.max(8, Math.min(34, Math.floor(420 / count)))
  const longest = classes.reduce((most, name) => Math.max(most, name.length), 0)
  const left = Math.min(140, 34 + 7 * longest)
  const top = 24
  const [width, height] = [left + count * cell + 8, top + count * cell + 40]
  const right = confusion.reduce((sum, row, at) => sum + (row[at] ?? 0), 0)
  const label = `${words.confusion}: ${right} / ${numExamples}`
  return (
    <Svg label={label} width={width} height={height}>
      {confusion.map((row, truth) => {
        const total = row.reduce((sum, one) => sum + one, 0)
        const y = top + truth * cell
        return (
          <g key={truth}>
            <text x={left - 8} y={y + cell / 2 + 4} text-anchor="end" fill={paint.ink}>
              {shortened(classes[truth] ?? '')}
            </text>
            {row.map((one, estimate) => {
              const share = total > 0 ? one / total : 0
              const x = left + estimate * cell
              return (
                <g key={estimate}>
                  <rect x={x} y={y} width={cell - 1} height={cell - 1} fill={paint.grid} fill-opacity="0.35" />
                  {one > 0 && (
                    <rect
                      x={x}
                      y={y}
                      width={cell - 1}
                      height={cell - 1}
                      fill={truth === estimate ? paint.right : paint.wrong}
                      fill-opacity={(0.1 + 0.9 * share).toFixed(3)}
                    />
                  )}
                  {count <= MOST_WITH_COUNTS && one > 0 && (
                    <text
                      x={x + cell / 2}
                      y={y + cell / 2 + 4}
                      text-anchor="middle"
                      font-size={one > 999 ? 10 : 11}
                      fill={share > 0.5 ? paint.paper : paint.ink}
                    >
                      {one}
                    </text>
                  )}
                </g>
              )
            })}
          </g>
        )
      })}
      {count <= MOST_WITH_COUNTS &&
        classes.map((name, at) => (
          <text key={name} x={left + at * cell + cell / 2} y={top - 8} text-anchor="middle" fill={paint.ink}>
            {shortened(name, Math.max(1, Math.floor(cell / 8)))}
          </text>
        ))}
      <text x={left + (count * cell) / 2} y={height - 14} text-anchor="middle" fill={paint.ink}>
        {words.estimate}
      </text>
      <text
        x={12}
        y={top + (count * cell) / 2}
        text-anchor="middle"
        fill={paint.ink}
        transform={`rotate(-90 12 ${top + (count * cell) / 2})`}
      >
        {words.truth}
      </text>
    </Svg>
  )
}

function shortened(text: string, most = 14): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

/** How often the model is right by how sure it is. */
export function Calibration({ figures: { calibration, calibrationError, numExamples }, paint, words }: Props) {
  const [width, height] = [380, 340]
  const box = boxOf(width, height)
  const x = linear([0, 1], [box.left, box.right])
  const y = linear([0, 1], [box.bottom, box.top])
  const most = calibration.reduce((largest, { count }) => Math.max(largest, count), 1)
  const points = calibration.map(({ confidence, accuracy }) => [x(confidence), y(accuracy)] as const)
  const label = `${words.calibration}: ${words.calibrationError} ${(calibrationError ?? 0).toFixed(3)}, ${numExamples} ${words.examples}`
  return (
    <Svg label={label} width={width} height={height}>
      <Axes paint={paint} x={x} y={y} box={box} xName={words.confidence} yName={words.accuracy} />
      <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} stroke={paint.faint} stroke-dasharray="4 4" />
      <text x={x(0.02)} y={y(0.94)} fill={paint.faint} font-size="11">
        - - {words.perfect}
      </text>
      <path d={lineThrough(points)} fill="none" stroke={paint.right} stroke-width="2" />
      {calibration.map(({ confidence, accuracy, count }) => (
        <circle
          key={confidence}
          cx={x(confidence)}
          cy={y(accuracy)}
          r={3 + 6 * Math.sqrt(count / most)}
          fill={paint.right}
          fill-opacity="0.75"
          stroke={paint.paper}
        >
          <title>{`${words.confidence} ${confidence.toFixed(3)}, ${words.accuracy} ${accuracy.toFixed(3)}, ${count}`}</title>
        </circle>
      ))}
    </Svg>
  )
}
