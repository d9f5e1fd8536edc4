/** An image of numbers as it is, pixel for pixel. */
import { useEffect, useRef } from 'preact/hooks'
import type { Picture as Pixels } from '../../api.js'

interface Props {
  readonly picture: Pixels | undefined
  readonly label: string
}

export function Picture({ picture, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, height] = picture ? [picture.width, picture.height] : [28, 28]
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, width, height)
    if (picture) context.putImageData(imageOf(picture), 0, 0)
  }, [picture])
  return <canvas class="picture" ref={canvas} width={width} height={height} role="img" aria-label={label} />
}

function imageOf({ width, height, channels = 1, pixels }: Pixels): ImageData {
  const image = new ImageData(width, height)
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * at + channel] = pixels[channels === 1 ? at : at * 3 + channel] ?? 0
    }
    image.data[4 * at + 3] = 255
  }
  return image
}
