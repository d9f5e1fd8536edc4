/** Colours. In a page they follow its theme; in a file they are light. */

export interface Paint {
  readonly ink: string
  /** Of what is less important; text in it can still be read. */
  readonly faint: string
  readonly grid: string
  readonly paper: string
  /** Of what is right, and the first of everything. */
  readonly right: string
  readonly wrong: string
  /** Told apart by all eyes, from the first on; a figure that needs more has marks besides. */
  readonly series: readonly string[]
}

const NUM_SERIES = 8

export const themed: Paint = {
  ink: 'var(--ink)',
  faint: 'var(--faint)',
  grid: 'var(--grid)',
  paper: 'var(--paper)',
  right: 'var(--series-0)',
  wrong: 'var(--series-1)',
  series: Array.from({ length: NUM_SERIES }, (_, at) => `var(--series-${at})`),
}

/** The same as those of the page's light theme, in page.css. */
export const light: Paint = {
  ink: '#1c1e21',
  faint: '#5a6169',
  grid: '#dfe2e6',
  paper: '#ffffff',
  right: '#0067a5',
  wrong: '#c24a00',
  series: ['#0067a5', '#c24a00', '#007a5a', '#a8478a', '#8a6400', '#3b7dbd', '#6b6b6b', '#5f7300'],
}

export function seriesColour({ series }: Paint, at: number): string {
  return series[at % series.length] ?? 'currentColor'
}
