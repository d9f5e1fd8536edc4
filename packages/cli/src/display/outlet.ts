/**
 * Where text goes: a stream, with what it can show.
 *
 * An outlet is live where lines can be repainted: a terminal that is not dumb and knows its width. Only a live outlet
 * ever gets control characters, colours included; `NO_COLOR` takes the colours away there too. All others that a text
 * has, since it quotes a name or a path, are written out.
 */
import { visible } from '@gradpool/core/engine'
import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

export interface Outlet {
  readonly stream: NodeJS.WritableStream
  readonly live: boolean
  readonly colours: Colours
  /** Width in columns, as it is now; Infinity where a terminal does not say. */
  columns(): number
  /** Height in lines, as it is now. */
  rows(): number
  /** Writes a line, or several, in no colour. */
  readonly print: (text: string) => void
  /** The same of a text that has colours, and of others' texts only what was made `visibleIn` before. */
  readonly printColoured: (text: string) => void
  /** Writes JSON, whose own escapes are all that it has, and a line end. */
  readonly printJson: (json: string) => void
}

/** Of a stream, what tells whether it is a terminal. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Files and pipes have no width of their own. */
const widthElsewhere = 100

export function openOutlet(stream: OutputStream, environment: Readonly<Record<string, string | undefined>>): Outlet {
  // A pseudo-terminal may have no size: 0 columns.
  const sized = (stream.columns ?? 0) > 0
  const live = stream.isTTY === true && environment.TERM !== 'dumb' && sized
  const coloured = live && (environment.NO_COLOR ?? '') === ''
  return {
    stream,
    live,
    colours: pc.createColors(coloured),
    columns: () => (stream.isTTY === true ? widthOf(stream) : widthElsewhere),
    rows: () => (live ? heightOf(stream) : Infinity),
    print: (text) => void stream.write(`${visible(text)}\n`),
    printColoured: (text) => void stream.write(`${visibleInColour(text)}\n`),
    printJson: (json) => void stream.write(`${json}\n`),
  }
}

function widthOf({ columns = 0 }: OutputStream): number {
  return columns > 0 ? Math.max(20, columns) : Infinity
}

function heightOf({ rows = 0 }: OutputStream): number {
  return rows > 0 ? rows : 24
}

/** The codes of colours stay. */
function visibleInColour(text: string): string {
  // eslint-disable-next-line no-control-regex -- it is how colours begin
  const parts = text.split(/(\u001b\[\d+m)/)
  return parts.map((part, at) => (at % 2 === 1 ? part : visible(part))).join('')
}
