/** Lines that are painted again and again in their place, at the end of what a terminal shows. */
import { createLogUpdate } from 'log-update'
import { type Outlet, type OutputStream } from './outlet.js'
import { textWidth } from './text-width.js'

export interface Painter {
  /** In the place of those that were painted before. None takes these away. */
  paint(lines: readonly string[]): void
  clear(): void
  /** They stay, and the cursor comes back. */
  done(): void
}

/** What is too long ends at the edge, in the place of going on in the next row. */
const wrapsNot = '\u001b[?7l'
const wraps = '\u001b[?7h'
const up = '\u001b[1A'
const eraseRow = '\u001b[2K'

/** A window that is drawn larger or smaller has many sizes; nothing is painted until it has one. */
const settledMs = 100

/** In milliseconds; see `Outlet.reflowLag`. */
const longestLag = 1000

interface Frame {
  readonly at: number
  readonly widths: readonly number[]
  /** That the lines took when they were painted. */
  readonly rows: number
}

/** @param onResize Called when the terminal has another size, to paint anew. */
export function painterOn(outlet: Outlet, onResize: () => void): Painter {
  const update = createLogUpdate(withoutWrapping(outlet.stream))
  /** What is shown, and before it what was, as far back as a terminal may tell late of its width. */
  let frames: readonly Frame[] = []
  let resizing: NodeJS.Timeout | undefined
  let resizedAt = 0
  const rowsOf = (widths: readonly number[]) => {
    const { columns = Infinity } = outlet.stream
    return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
  }
  /**
   * A terminal that became narrower has broken the lines that it showed then in two, of which the library knows one.
   * What was painted before the terminal told of it is not broken, but stands below as much of the lines before.
   */
  const settle = () => {
    clearTimeout(resizing)
    resizing = undefined
    const { reflowLag } = outlet
    if (reflowLag === undefined) return
    const shown = frames.findLast(({ at }) => at <= resizedAt - reflowLag) ?? frames[0]
    const broken = shown === undefined ? 0 : rowsOf(shown.widths) - shown.rows
    if (broken > 0) outlet.stream.write((eraseRow + up).repeat(broken))
  }
  const stopListening = outlet.onResize(() => {
    if (resizing === undefined) resizedAt = performance.now()
    clearTimeout(resizing)
    resizing = setTimeout(() => {
      settle()
      onResize()
    }, settledMs)
  })
  const clear = () => {
    if (resizing !== undefined) settle()
    update.clear()
    frames = []
  }
  return {
    paint(lines) {
      if (resizing !== undefined) return
      if (lines.length === 0) {
        clear()
        return
      }
      update(lines.join('\n'))
      const at = performance.now()
      const widths = lines.map((line) => textWidth(line.replaceAll(colourCode, '')))
      const recent = frames.findLastIndex((frame) => frame.at <= at - longestLag)
      frames = [...frames.slice(Math.max(0, recent)), { at, widths, rows: rowsOf(widths) }]
    },
    clear,
    done() {
      stopListening()
      clearTimeout(resizing)
      update.done()
    },
  }
}

function withoutWrapping(stream: OutputStream): OutputStream {
  return new Proxy(stream, {
    get: (own, name) =>
      name === 'write' ? (text: string) => own.write(wrapsNot + text + wraps) : (Reflect.get(own, name) as unknown),
  })
}

// eslint-disable-next-line no-control-regex -- it is how colours begin
const colourCode = /\u001b\[\d+m/g
