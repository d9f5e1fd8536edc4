/**
 * Where text goes: a stream, with what it can show.
 *
 * An outlet is live where lines can be repainted: a terminal that is not dumb. Only a live outlet ever gets control
 * characters, colours included; `NO_COLOR` takes the colours away there too.
 */
import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

export interface Outlet {
  readonly stream: NodeJS.WritableStream
  readonly live: boolean
  readonly colours: Colours
  /** Width in columns, as it is now. */
  columns(): number
  /** Height in lines, as it is now. */
  rows(): number
  /** Writes a line, or several. */
  readonly print: (text: string) => void
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
  const live = stream.isTTY === true && environment.TERM !== 'dumb'
  const coloured = live && (environment.NO_COLOR ?? '') === ''
  return {
    stream,
    live,
    colours: pc.createColors(coloured),
    columns: () => (live ? Math.max(20, stream.columns ?? 80) : widthElsewhere),
    rows: () => (live ? (stream.rows ?? 24) : Infinity),
    print: (text) => void stream.write(`${text}\n`),
  }
}
