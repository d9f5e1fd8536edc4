/**
 * Where one draws, and the image of it as those of MNIST are: 20 × 20 pixels at most, its middle in the middle of 28.
 */

const SIDE = 28
const BOX = 20
const PEN = 18

export class Pad {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  /** Told when there is another image. */
  readonly #onImage: (image: Uint8Array | undefined) => void

  constructor(canvas: HTMLCanvasElement, onImage: (image: Uint8Array | undefined) => void) {
    this.#canvas = canvas
    this.#context = contextOf(canvas)
    this.#onImage = onImage
    this.#listen()
    this.clear()
  }

  clear(): void {
    this.#context.fillStyle = '#000'
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
    this.#onImage(undefined)
  }

  /** In the place of what was drawn. */
  show(image: Uint8Array): void {
    const { width, height } = this.#canvas
    this.#context.imageSmoothingEnabled = false
    this.#context.drawImage(canvasOf(image), 0, 0, width, height)
    this.#onImage(image)
  }

  #listen(): void {
    const { width } = this.#canvas
    const at = (event: PointerEvent): readonly [number, number] => {
      const box = this.#canvas.getBoundingClientRect()
      const scale = width / box.width
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]
    }
    let from: readonly [number, number] | undefined
    const draw = (event: PointerEvent) => {
      if (!from) return
      const to = at(event)
      Object.assign(this.#context, { strokeStyle: '#fff', lineWidth: PEN, lineCap: 'round', lineJoin: 'round' })
      this.#context.beginPath()
      this.#context.moveTo(...from)
      this.#context.lineTo(...to)
      this.#context.stroke()
      from = to
      this.#onImage(this.#image())
    }
    this.#canvas.addEventListener('pointerdown', (event) => {
      this.#canvas.setPointerCapture(event.pointerId)
      from = at(event)
      draw(event)
    })
    this.#canvas.addEventListener('pointermove', draw)
    for (const end of ['pointerup', 'pointercancel'] as const) {
      this.#canvas.addEventListener(end, () => {
        from = undefined
      })
    }
  }

  #image(): Uint8Array | undefined {
    const { width, height } = this.#canvas
    const { data } = this.#context.getImageData(0, 0, width, height)
    let [left, top, right, bottom] = [width, height, 0, 0]
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if ((data[4 * (y * width + x)] ?? 0) < 40) continue
        left = Math.min(left, x)
        right = Math.max(right, x + 1)
        top = Math.min(top, y)
        bottom = Math.max(bottom, y + 1)
      }
    }
    if (right <= left) return undefined
    const scale = BOX / Math.max(right - left, bottom - top)
    const size = [(right - left) * scale, (bottom - top) * scale] as const
    const small = newCanvas()
    const context = contextOf(small)
    context.imageSmoothingQuality = 'high'
    const paint = (x: number, y: number) => {
      context.fillStyle = '#000'
      context.fillRect(0, 0, SIDE, SIDE)
      context.drawImage(this.#canvas, left, top, right - left, bottom - top, x, y, ...size)
      return greyOf(context)
    }
    const [x, y] = [(SIDE - size[0]) / 2, (SIDE - size[1]) / 2]
    const [massX, massY] = centreOf(paint(x, y))
    const middle = (SIDE - 1) / 2
    return paint(x + Math.round(middle - massX), y + Math.round(middle - massY))
  }
}

/** Shows an image as it is. */
export function paintImage(canvas: HTMLCanvasElement, image: ArrayLike<number> | undefined): void {
  const context = contextOf(canvas)
  context.clearRect(0, 0, SIDE, SIDE)
  if (image) context.drawImage(canvasOf(image), 0, 0)
}

function centreOf(image: Uint8Array): readonly [number, number] {
  let [sum, sumX, sumY] = [0, 0, 0]
  for (const [i, value] of image.entries()) {
    sum += value
    sumX += value * (i % SIDE)
    sumY += value * Math.floor(i / SIDE)
  }
  return [sumX / sum, sumY / sum]
}

function canvasOf(image: ArrayLike<number>): HTMLCanvasElement {
  const canvas = newCanvas()
  const data = new ImageData(SIDE, SIDE)
  for (let i = 0; i < SIDE * SIDE; i++) data.data.set([image[i] ?? 0, image[i] ?? 0, image[i] ?? 0, 255], 4 * i)
  contextOf(canvas).putImageData(data, 0, 0)
  return canvas
}

function greyOf(context: CanvasRenderingContext2D): Uint8Array {
  const { data } = context.getImageData(0, 0, SIDE, SIDE)
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i] ?? 0)
}

function newCanvas(): HTMLCanvasElement {
  return Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE })
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('this browser does not draw')
  return context
}
