/** What figures with two axes have in common: the outer frame, grid, ticks and names of the axes. */
import type { ComponentChildren } from 'preact'
import type { Paint } from './paint.js'
import { tickText, type Scale } from './scale.js'

export interface FigureProps {
  readonly paint: Paint
  /** What is to be seen, for who does not see it. */
  readonly label: string
  readonly width: number
  readonly height: number
}

export const FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK KR", sans-serif'

export function Svg({ label, width, height, children }: Omit<FigureProps, 'paint'> & { children: ComponentChildren }) {
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      font-family={FONT}
      font-size="12"
    >
      {children}
    </svg>
  )
}

export interface AxesProps {
  readonly paint: Paint
  readonly x: Scale
  readonly y: Scale
  /** Inside of the axes. */
  readonly box: Box
  readonly xName: string
  readonly yName: string
  readonly xText?: (value: number) => string
  readonly yText?: (value: number) => string
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export function boxOf(width: number, height: number): Box {
  return { left: 56, top: 12, right: width - 14, bottom: height - 42 }
}

export function Axes({ paint, x, y, box, xName, yName, xText = tickText, yText = tickText }: AxesProps) {
  const { left, top, right, bottom } = box
  return (
    <g fill={paint.faint} stroke="none">
      {y.ticks.map((tick) => (
        <g key={`y${tick}`}>
          <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} stroke={paint.grid} />
          <text x={left - 8} y={y(tick) + 4} text-anchor="end">
            {yText(tick)}
          </text>
        </g>
      ))}
      {x.ticks.map((tick) => (
        <g key={`x${tick}`}>
          <line x1={x(tick)} x2={x(tick)} y1={bottom} y2={bottom + 4} stroke={paint.faint} />
          <text x={x(tick)} y={bottom + 18} text-anchor="middle">
            {xText(tick)}
          </text>
        </g>
      ))}
      <line x1={left} x2={right} y1={bottom} y2={bottom} stroke={paint.faint} />
      <text x={(left + right) / 2} y={bottom + 36} text-anchor="middle" fill={paint.ink}>
        {xName}
      </text>
      <text
        x={14}
        y={(top + bottom) / 2}
        text-anchor="middle"
        fill={paint.ink}
        transform={`rotate(-90 14 ${(top + bottom) / 2})`}
      >
        {yName}
      </text>
    </g>
  )
}

/** A line through points, as the `d` of a path. */
export function lineThrough(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
}
