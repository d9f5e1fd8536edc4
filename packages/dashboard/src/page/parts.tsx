/** Small parts that several pages have. */
import type { RunStatus } from '@gradpool/orchestrator'
import type { ComponentChildren } from 'preact'
import { Refusal, Unreachable, type Asked } from './server.js'
import { useShell } from './shell.js'

/** Told by a dot and a word, the dot of a run that goes on being in motion. */
export function Status({ status }: { readonly status: RunStatus | 'waiting' }) {
  const { words } = useShell()
  return <span class={`pill ${status.replace(' ', '-')}`}>{words[status]}</span>
}

/** Where there is nothing to show, and what can be done about it. */
export function Empty({
  title,
  isPage = false,
  children,
}: {
  readonly title: string
  /** There is nothing else on the page. */
  readonly isPage?: boolean
  readonly children?: ComponentChildren
}) {
  const Heading = isPage ? 'h1' : 'h2'
  return (
    <section class="empty">
      <svg width="96" height="56" viewBox="0 0 96 56" aria-hidden="true">
        <path d="M4 8 V50 H92" fill="none" stroke="var(--grid)" stroke-width="3" stroke-linecap="round" />
        <path
          d="M12 14 C24 40 40 42 88 44"
          fill="none"
          stroke="var(--faint)"
          stroke-width="3"
          stroke-dasharray="1 8"
          stroke-linecap="round"
        />
      </svg>
      <Heading>{title}</Heading>
      {children}
    </section>
  )
}

/** A command that can be copied. */
export function Command({ text }: { readonly text: string }) {
  return (
    <pre class="command" tabIndex={0}>
      <code>{text}</code>
    </pre>
  )
}

/** What went wrong, in the server's words. That it does not answer is told above all pages. */
export function Problem({ error, again }: Pick<Asked<unknown>, 'error' | 'again'>) {
  const { words } = useShell()
  if (error === undefined || error instanceof Unreachable) return null
  // It would be refused again.
  const isMistake = error instanceof Refusal && error.status < 500
  return (
    <div class="banner" role="alert">
      <span>{sentence(error.message)}</span>
      {!isMistake && (
        <button type="button" onClick={again}>
          {words.tryAgain}
        </button>
      )}
    </div>
  )
}

/** Messages begin small and have no full stop, as after a program's name. */
export function sentence(message: string): string {
  const [first = '', ...rest] = message
  return `${first.toUpperCase()}${rest.join('')}${/[.!?…]$/.test(message) ? '' : '.'}`
}

/** A figure with its name. */
export function Tile({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** How much of a whole is done. */
export function Meter({ share, label }: { readonly share: number; readonly label: string }) {
  const percent = Math.round(100 * Math.max(0, Math.min(1, share)))
  return (
    <div
      class="meter"
      role="progressbar"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label={label}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  )
}

/** A curve as small as a word. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const finite = values.filter(Number.isFinite)
  if (finite.length < 2) return <span class="none">–</span>
  const [width, height] = [96, 24]
  const least = Math.min(...finite)
  const range = Math.max(...finite) - least || 1
  const places = finite.map((value, at) => {
    const x = 2 + (at / (finite.length - 1)) * (width - 6)
    return [x, 3 + (1 - (value - least) / range) * (height - 6)] as const
  })
  const [lastX, lastY] = places.at(-1) ?? [0, 0]
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <polyline points={places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} />
      <circle cx={lastX} cy={lastY} r="2.5" />
    </svg>
  )
}
