/** An image of numbers as it is, pixel for pixel. */
import { useEffect, useRef } from 'preact/hooks'

export interface Pixels {
  readonly height: number
  readonly width: number
  /** 1 is grey, 3 are colours, the fourth is how much they cover. */
  readonly channels: number
  /** From 0 to 255, row by row. */
  readonly values: ArrayLike<number>
}

interface Props {
  /** Undefined for an empty one. */
  readonly pixels: Pixels | undefined
  readonly label: string
  readonly class?: string
  /** Of the page, for each one of the image. */
  readonly scale?: number
}

const EMPTY = { height: 28, width: 28 }

export function PixelImage({ pixels, label, scale = 1, ...props }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { height, width } = pixels ?? EMPTY
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, width, height)
    if (pixels) context.putImageData(imageOf(pixels), 0, 0)
  }, [pixels])
  const style = scale === 1 ? {} : { style: { width: `${width * scale}px` } }
  return <canvas {...props} {...style} ref={canvas} width={width} height={height} role="img" aria-label={label} />
}

function imageOf({ width, height, channels, values }: Pixels): ImageData {
  const image = new ImageData(width, height)
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * at + channel] = values[at * channels + (channels < 3 ? 0 : channel)] ?? 0
    }
    image.data[4 * at + 3] = channels === 4 ? (values[at * channels + 3] ?? 0) : 255
  }
  return image
}
