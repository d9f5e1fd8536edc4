/** Images side by side with a line or two below each, as a drawing for files. */
import type { ImageOf, PngUrl } from '../figures/stage-figures.js'
import { Svg } from './frame.js'
import type { Paint } from './paint.js'

export interface Captioned {
  readonly image: PngUrl
  readonly caption: readonly string[]
  readonly isWrong?: boolean
}

export function ImageGrid({
  entries,
  image: { height: imageHeight, width: imageWidth },
  columns,
  label,
  paint,
}: {
  readonly entries: readonly Captioned[]
  readonly image: ImageOf
  readonly columns: number
  readonly label: string
  readonly paint: Paint
}) {
  const scale = Math.max(1, Math.round(64 / Math.max(imageHeight, imageWidth)))
  const [width, height] = [imageWidth * scale, imageHeight * scale]
  const lines = entries.reduce((most, { caption }) => Math.max(most, caption.length), 0)
  const [across, down] = [Math.max(width, 64) + 10, height + 10 + 14 * lines]
  const used = Math.max(1, Math.min(columns, entries.length))
  const rows = Math.max(1, Math.ceil(entries.length / columns))
  return (
    <Svg label={label} width={10 + used * across} height={10 + rows * down}>
      {entries.map(({ image, caption, isWrong = false }, at) => {
        const [x, y] = [10 + (at % columns) * across, 10 + Math.floor(at / columns) * down]
        return (
          <g key={at}>
            <image href={image} x={x} y={y} width={width} height={height} image-rendering="pixelated" />
            {caption.map((text, line) => (
              <text
                key={line}
                x={x}
                y={y + height + 13 + 14 * line}
                font-size="11"
                fill={isWrong ? paint.wrong : paint.ink}
              >
                {text}
              </text>
            ))}
          </g>
        )
      })}
    </Svg>
  )
}
