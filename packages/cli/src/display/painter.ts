/** Lines that are painted again and again in their place, at the end of what a terminal shows. */
import { createLogUpdate } from 'log-update'
import { type Outlet } from './outlet.js'
import { textWidth } from './text-width.js'

export interface Painter {
  /** In the place of those that were painted before. None takes these away. */
  paint(lines: readonly string[]): void
  clear(): void
  /** They stay, and the cursor comes back. */
  done(): void
}

const up = '\u001b[1A'
const eraseRow = '\u001b[2K'

/** @param onResize Called when the terminal has another size, to paint anew; what was painted before is gone then. */
export function painterOn(outlet: Outlet, onResize: () => void): Painter {
  const update = createLogUpdate(outlet.stream)
  let widths: readonly number[] = []
  /** That the lines took when they were painted. */
  let rows = 0
  const rowsNow = () => {
    const { columns = Infinity } = outlet.stream
    return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
  }
  const stopListening = outlet.onResize(() => {
    // A terminal that became narrower has broken lines in two, of which the library knows one.
    const broken = outlet.reflows ? rowsNow() - rows : 0
    if (broken > 0) outlet.stream.write((eraseRow + up).repeat(broken))
    onResize()
  })
  const painter: Painter = {
    paint(lines) {
      if (lines.length === 0) {
        painter.clear()
        return
      }
      update(lines.join('\n'))
      widths = lines.map((line) => textWidth(line.replaceAll(colourCode, '')))
      rows = rowsNow()
    },
    clear() {
      update.clear()
      widths = []
      rows = 0
    },
    done() {
      stopListening()
      update.done()
    },
  }
  return painter
}

// eslint-disable-next-line no-control-regex -- it is how colours begin
const colourCode = /\u001b\[\d+m/g
