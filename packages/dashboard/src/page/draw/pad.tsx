/** Where one draws: with a mouse, a finger, or the keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Picture } from '../../api.js'
import { useShell } from '../shell.js'

/** Of the canvas, in pixels. */
const SIDE = 280
const PEN = 20
/** What is sent: an image is made small from this by the server. */
const SENT = 112
const STEP = 7
const LARGER = 28

interface Props {
  /** Told of each change; undefined where nothing is drawn. */
  readonly onPicture: (picture: Picture | undefined) => void
}

type Place = readonly [x: number, y: number]

const MIDDLE: Place = [SIDE / 2, SIDE / 2]
const ARROWS: Readonly<Record<string, Place>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

export function Pad({ onPicture }: Props) {
  const { words } = useShell()
  const canvas = useRef<HTMLCanvasElement>(null)
  const from = useRef<Place>(null)
  const [pen, setPen] = useState<Place>(MIDDLE)
  const [isDown, setDown] = useState(false)
  const [told, setTold] = useState('')

  const stroke = (start: Place, end: Place) => {
    const context = contextOf(canvas.current)
    if (context === null) return
    Object.assign(context, { strokeStyle: '#fff', fillStyle: '#fff', lineWidth: PEN, lineCap: 'round' })
    context.beginPath()
    context.moveTo(...start)
    context.lineTo(...end)
    context.stroke()
    // A line without a length may not be drawn.
    context.beginPath()
    context.arc(...end, PEN / 2, 0, 2 * Math.PI)
    context.fill()
    onPicture(pictureOf(context))
  }
  const clear = () => {
    blacken(canvas.current)
    setDown(false)
    setTold(words.cleared)
    onPicture(undefined)
  }
  useEffect(() => blacken(canvas.current), [])

  const placeOf = (event: PointerEvent): Place => {
    const box = canvas.current?.getBoundingClientRect()
    if (box === undefined) return MIDDLE
    const scale = SIDE / box.width
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]
  }
  const end = () => {
    from.current = null
  }
  const onKey = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key]
    if (arrow !== undefined) {
      const step = event.shiftKey ? LARGER : STEP
      const to: Place = [inside(pen[0] + arrow[0] * step), inside(pen[1] + arrow[1] * step)]
      if (isDown) stroke(pen, to)
      setPen(to)
    } else if (event.key === ' ' || event.key === 'Enter') {
      if (!isDown) stroke(pen, pen)
      setDown(!isDown)
      setTold(isDown ? words.penUp : words.penDown)
    } else if (event.key === 'Delete' || event.key === 'Backspace') clear()
    else return
    event.preventDefault()
  }
  return (
    <div class="pad">
      <div class="surface">
        <canvas
          ref={canvas}
          width={SIDE}
          height={SIDE}
          tabIndex={0}
          role="application"
          aria-label={words.pad}
          aria-describedby="pad-help"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId)
            from.current = placeOf(event)
            stroke(from.current, from.current)
          }}
          onPointerMove={(event) => {
            if (from.current === null) return
            const to = placeOf(event)
            stroke(from.current, to)
            from.current = to
          }}
          onPointerUp={end}
          onPointerCancel={end}
          onKeyDown={onKey}
        />
        <span
          class={isDown ? 'pen down' : 'pen'}
          aria-hidden="true"
          style={{ left: `${(100 * pen[0]) / SIDE}%`, top: `${(100 * pen[1]) / SIDE}%` }}
        />
      </div>
      <div class="under">
        <span class="note" role="status">
          {told}
        </span>
        <button type="button" onClick={clear}>
          {words.clear}
        </button>
      </div>
      <p id="pad-help" class="note">
        {words.padHelp} {words.padHelpLarger}
      </p>
    </div>
  )
}

function inside(place: number): number {
  return Math.max(PEN / 2, Math.min(SIDE - PEN / 2, place))
}

function contextOf(canvas: HTMLCanvasElement | null): CanvasRenderingContext2D | null {
  return canvas?.getContext('2d', { willReadFrequently: true }) ?? null
}

function blacken(canvas: HTMLCanvasElement | null): void {
  const context = contextOf(canvas)
  if (context === null) return
  context.fillStyle = '#000'
  context.fillRect(0, 0, SIDE, SIDE)
}

function pictureOf({ canvas }: CanvasRenderingContext2D): Picture | undefined {
  const small = Object.assign(document.createElement('canvas'), { width: SENT, height: SENT })
  const context = contextOf(small)
  if (context === null) return undefined
  context.imageSmoothingQuality = 'high'
  context.drawImage(canvas, 0, 0, SENT, SENT)
  const { data } = context.getImageData(0, 0, SENT, SENT)
  return { height: SENT, width: SENT, pixels: Array.from({ length: SENT * SENT }, (_, at) => data[4 * at] ?? 0) }
}
