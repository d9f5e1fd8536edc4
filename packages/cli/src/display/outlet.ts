/**
 * Where text goes: a stream, with what it can show.
 *
 * An outlet is live where lines can be repainted: a terminal that is not dumb and knows its width. Only a live outlet
 * ever gets control characters, colours included, whatever `FORCE_COLOR` says; `NO_COLOR` takes the colours away there
 * too. All others that a text has, since it quotes a name or a path, are written out.
 */
import { visible } from '@gradpool/core/engine'
import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

export interface Outlet {
  readonly stream: OutputStream
  readonly live: boolean
  /**
   * How many milliseconds after it has broken lines anew a terminal tells of its other width; undefined where it leaves
   * lines as they are.
   */
  readonly reflowLag: number | undefined
  readonly colours: Colours
  /** Width in columns, as it is now; Infinity where a terminal does not say. */
  columns(): number
  /** Height in lines, as it is now. */
  rows(): number
  /** Calls the listener when the terminal has another size; returns what ends that. */
  onResize(listener: () => void): () => void
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

type Environment = Readonly<Record<string, string | undefined>>

export function openOutlet(stream: OutputStream, environment: Environment): Outlet {
  // A pseudo-terminal may have no size: 0 columns.
  const sized = (stream.columns ?? 0) > 0
  const live = stream.isTTY === true && environment.TERM !== 'dumb' && sized
  return {
    stream,
    live,
    reflowLag: reflowLagOf(environment),
    colours: pc.createColors(live && isColoured(environment)),
    columns: () => (stream.isTTY === true ? widthOf(stream) : widthElsewhere),
    rows: () => (live ? heightOf(stream) : Infinity),
    onResize(listener) {
      stream.on('resize', listener)
      return () => void stream.off('resize', listener)
    },
    print: (text) => void stream.write(`${visible(text)}\n`),
    printColoured: (text) => void stream.write(`${visibleInColour(text)}\n`),
    printJson: (json) => void stream.write(`${json}\n`),
  }
}

/** As https://no-color.org and https://force-color.org have it; 0 and false are taken for no, as Node does. */
function isColoured({ NO_COLOR: no = '', FORCE_COLOR: force = '' }: Environment): boolean {
  return no === '' && force !== '0' && force !== 'false'
}

/** Of the terminals in use, xterm and screen break no lines, and tmux waits. */
function reflowLagOf({ XTERM_VERSION, STY, TMUX }: Environment): number | undefined {
  if (XTERM_VERSION !== undefined || STY !== undefined) return undefined
  return TMUX === undefined ? 0 : 250
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
