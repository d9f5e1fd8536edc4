/**
 * One running stage as one line, as wide as there is room for:
 *
 *     mnist_auto_2 autoencode ━━━━━─────── epoch 4/10  40 %  cost 2553.118  accuracy -0.525  12.4k steps/s  0:12 left
 *
 * Where it does not fit, the bar goes first, then speed, per cent, and metrics, the last one first; name, epoch and
 * time stay longest.
 */
import { type StageProgress } from '@gradpool/orchestrator'
import { type Colours } from './outlet.js'
import { padEnd, textWidth, truncate } from './text-width.js'

export interface StageLineOptions {
  readonly columns: number
  readonly colours: Colours
  readonly title: string
  /** Titles of all lines are filled up to this width. */
  readonly titleWidth: number
  /** What the loss is called. */
  readonly lossWord: 'cost' | 'loss'
}

interface Part {
  readonly text: string
  /** The part with the highest rank is the first to go. */
  readonly rank: number
}

const widestBar = 24
const narrowestBar = 8
const gap = '  '

export function stageLine(progress: StageProgress, options: StageLineOptions): string {
  const { columns, colours, title, titleWidth, lossWord } = options
  let parts = partsOf(progress, lossWord)
  const heading = padEnd(truncate(title, columns), Math.min(titleWidth, columns))
  const lineOf = (shown: readonly Part[]) => [heading, ...shown.map(({ text }) => text)].join(gap)
  while (parts.length > 0 && textWidth(lineOf(parts)) > columns) {
    const last = Math.max(...parts.map(({ rank }) => rank))
    parts = parts.filter(({ rank }) => rank !== last)
  }
  const room = columns - textWidth(lineOf(parts)) - gap.length
  const bar = room < narrowestBar ? '' : barOf(fractionOf(progress), Math.min(room, widestBar), colours)
  return [colours.bold(heading), bar, ...parts.map(({ text }) => text)]
    .filter((text) => text !== '')
    .join(gap)
    .trimEnd()
}

function partsOf(progress: StageProgress, lossWord: string): Part[] {
  const { epoch, epochs, last, stepsPerSecond, secondsLeft } = progress
  const { loss = NaN, ...others } = last
  // Parts of metrics that are finished at the end of an epoch have slashes in their names.
  const metrics = Object.entries(others).filter(([name, value]) => !name.includes('/') && Number.isFinite(value))
  const total = String(epochs)
  const parts: Part[] = [
    { text: `epoch ${String(epoch).padStart(total.length)}/${total}`, rank: 0 },
    {
      text: `${Math.floor(100 * fractionOf(progress))
        .toFixed(0)
        .padStart(3)} %`,
      rank: 4,
    },
    { text: `${lossWord} ${short(loss)}`.padEnd(13), rank: 2 },
    ...metrics.map(([name, value], at) => {
      return { text: `${name} ${short(value).padStart(6)}`, rank: 3 + at / metrics.length }
    }),
  ]
  parts.push({ text: `${thousands(stepsPerSecond).padStart(6)} steps/s`, rank: 5 })
  if (secondsLeft !== null) parts.push({ text: `${clock(secondsLeft)} left`, rank: 1 })
  return parts
}

function fractionOf({ step, steps }: StageProgress): number {
  return steps > 0 ? Math.min(1, step / steps) : 0
}

function barOf(fraction: number, width: number, colours: Colours): string {
  const done = Math.round(fraction * width)
  return colours.cyan('━'.repeat(done)) + colours.dim('─'.repeat(width - done))
}

/** About six characters, whatever the size. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 1e6) return value.toExponential(2)
  return value.toFixed(size >= 1000 ? 1 : 3)
}

function thousands(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 1000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(0)
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}
