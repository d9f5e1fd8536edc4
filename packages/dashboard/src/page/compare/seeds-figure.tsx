/** Each seed's result as a point, side by side, with the mean and the deviation. */
import { numberText } from '@gradpool/report/components'
import type { Comparison } from '../../api.js'
import { useShell } from '../shell.js'

interface Props {
  readonly sides: readonly string[]
  readonly results: NonNullable<Comparison['results']>
}

const WIDTH = 400
const ROW = 34
const LEFT = 30
const RIGHT = 24
const NUM_SERIES = 8

export function SeedsFigure({ sides, results: { metric, seeds, sides: means } }: Props) {
  const { words } = useShell()
  const values = seeds.flatMap((seed) => seed.values.flatMap((value) => value ?? []))
  const ends = means.flatMap(({ mean, deviation }) =>
    mean === null ? [] : [mean - (deviation ?? 0), mean + (deviation ?? 0)],
  )
  const least = Math.min(...values, ...ends)
  const range = Math.max(...values, ...ends) - least
  if (!Number.isFinite(range) || range === 0) return null
  const x = (value: number) => LEFT + ((value - least) / range) * (WIDTH - LEFT - RIGHT)
  const bottom = 8 + sides.length * ROW
  const told = means.map(({ mean }, at) => `${sides[at] ?? ''} ${mean === null ? '–' : numberText(mean)}`)
  return (
    <svg
      class="seeds"
      viewBox={`0 0 ${WIDTH} ${bottom + 26}`}
      width={WIDTH}
      height={bottom + 26}
      role="img"
      aria-label={`${metric}, ${words.mean}: ${told.join('; ')}`}
      font-size="12"
    >
      {sides.map((side, at) => {
        const y = 8 + (at + 0.5) * ROW
        const colour = `var(--series-${at % NUM_SERIES})`
        const { mean = null, deviation = null } = means[at] ?? {}
        return (
          <g key={side}>
            <line x1={LEFT - 10} x2={WIDTH - RIGHT + 10} y1={y} y2={y} stroke="var(--grid)" />
            {mean !== null && deviation !== null && (
              <rect
                x={x(mean - deviation)}
                width={Math.max(2, x(mean + deviation) - x(mean - deviation))}
                y={y - 8}
                height="16"
                rx="8"
                fill={colour}
                fill-opacity="0.22"
              />
            )}
            {seeds.map(({ seed, values: own }) => {
              const value = own[at]
              return typeof value === 'number' ? (
                <circle key={seed} cx={x(value)} cy={y} r="5" fill={colour} fill-opacity="0.8" stroke="var(--paper)">
                  <title>{`${side}, ${words.seed} ${seed}: ${numberText(value)}`}</title>
                </circle>
              ) : null
            })}
            {mean !== null && (
              <line x1={x(mean)} x2={x(mean)} y1={y - 11} y2={y + 11} stroke={colour} stroke-width="3" />
            )}
          </g>
        )
      })}
      <g fill="var(--faint)">
        <text x={LEFT} y={bottom + 16} text-anchor="middle">
          {numberText(least)}
        </text>
        <text x={WIDTH - RIGHT} y={bottom + 16} text-anchor="middle">
          {numberText(least + range)}
        </text>
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={bottom + 16} text-anchor="middle">
          {metric}
        </text>
      </g>
    </svg>
  )
}
