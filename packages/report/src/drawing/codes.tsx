/** Codes in two dimensions, and what a search by codes finds. */
import type { CodeFigures, HashingFigures } from '../figures/stage-figures.js'
import type { Words } from '../words.js'
import { Axes, boxOf, lineThrough, Svg } from './frame.js'
import { seriesColour, type Paint } from './paint.js'
import { extent, linear } from './scale.js'

const MOST_NAMES = 12

/** Each example is the name of its class where that is short, so that colours need not be told apart. */
export function CodePoints({
  figures: { width: codeWidth, classes, labels, principal, umap, explained },
  by,
  paint,
  words,
}: {
  readonly figures: CodeFigures
  readonly by: 'principal' | 'umap'
  readonly paint: Paint
  readonly words: Words
}) {
  const points = by === 'umap' ? (umap ?? []) : principal
  const [width, height] = [460, 400]
  const box = boxOf(width, height)
  const x = linear(extent(points.map(([one]) => one)), [box.left, box.right])
  const isOneNumber = by === 'principal' && codeWidth === 1
  const y = linear(
    extent(points.map(([, other]) => other)),
    [box.bottom, box.top],
    isOneNumber ? Math.max(1, classes.length) : undefined,
  )
  const isShort = classes.every((name) => name.length <= 2)
  const share = (at: 0 | 1) => (explained ? ` (${Math.round(100 * explained[at])} % ${words.ofVariance})` : '')
  const [xName, yName] =
    by === 'umap'
      ? ['UMAP 1', 'UMAP 2']
      : isOneNumber
        ? [words.code, words.class]
        : [`${words.component} 1${share(0)}`, `${words.component} 2${share(1)}`]
  return (
    <Svg label={`${words.codes}: ${by === 'umap' ? 'UMAP' : words.principal}`} width={width} height={height}>
      <Axes
        paint={paint}
        x={x}
        y={y}
        box={box}
        xName={xName}
        yName={yName}
        {...(isOneNumber && { yText: (label: number) => classes[label] ?? '' })}
      />
      {points.map(([one, other], at) => {
        const label = labels[at] ?? -1
        const colour = label < 0 ? paint.ink : seriesColour(paint, label)
        if (isOneNumber) {
          const middle = y(other)
          return (
            <line
              key={at}
              x1={x(one)}
              x2={x(one)}
              y1={middle - 9}
              y2={middle + 9}
              stroke={colour}
              stroke-opacity="0.6"
            />
          )
        }
        return isShort && label >= 0 ? (
          <text
            key={at}
            x={x(one)}
            y={y(other) + 4}
            text-anchor="middle"
            font-size="11"
            font-weight="600"
            fill={colour}
          >
            {classes[label] ?? label}
          </text>
        ) : (
          <circle key={at} cx={x(one)} cy={y(other)} r="3" fill={colour} fill-opacity="0.8">
            <title>{classes[label] ?? ''}</title>
          </circle>
        )
      })}
      {!isShort &&
        !isOneNumber &&
        classes.slice(0, MOST_NAMES).map((name, at) => (
          <text key={name} x={box.right} y={box.top + 14 * (at + 1)} text-anchor="end" fill={seriesColour(paint, at)}>
            {name.length > 18 ? `${name.slice(0, 17)}…` : name}
          </text>
        ))}
    </Svg>
  )
}

export function Retrieval({
  figures: { withinRadius, bits, meanAveragePrecision },
  paint,
  words,
}: {
  readonly figures: HashingFigures
  readonly paint: Paint
  readonly words: Words
}) {
  const [width, height] = [460, 340]
  const box = boxOf(width, height)
  const x = linear([0, bits], [box.left, box.right], Math.min(10, bits))
  const y = linear([0, 1], [box.bottom, box.top])
  const lines = [
    { name: words.precision, colour: paint.right, dash: undefined, of: 'precision' },
    { name: words.recall, colour: paint.wrong, dash: '6 4', of: 'recall' },
  ] as const
  return (
    <Svg
      label={`${words.retrieval}: ${words.meanAveragePrecision} ${meanAveragePrecision.toFixed(3)}`}
      width={width}
      height={height}
    >
      <Axes paint={paint} x={x} y={y} box={box} xName={words.radius} yName={`${words.precision}, ${words.recall}`} />
      {lines.map(({ name, colour, dash, of }, at) => (
        <g key={of}>
          <path
            d={lineThrough(withinRadius.map((one) => [x(one.radius), y(one[of])]))}
            fill="none"
            stroke={colour}
            stroke-width="2"
            stroke-dasharray={dash}
          />
          <text x={box.right} y={box.top + 14 + 16 * at} text-anchor="end" fill={colour}>
            {dash === undefined ? '—' : '- -'} {name}
          </text>
        </g>
      ))}
    </Svg>
  )
}
