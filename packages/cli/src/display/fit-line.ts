/**
 * A line of facts, as wide as there is room for: a heading, a bar, and parts of which the least important go first.
 * Where even the important ones do not fit, their short forms are taken, then the heading is cut.
 */
import { type Colours } from './outlet.js'
import { padEnd, textWidth, truncate } from './text-width.js'

export interface Part {
  readonly text: string
  /** The part with the highest rank is the first to go; those below 2 stay longest, in their short form if need be. */
  readonly rank: number
  readonly short?: string
  readonly colour?: (text: string) => string
}

export interface Line {
  readonly heading: string
  /** It is filled up to this width. */
  readonly headingWidth: number
  readonly parts: readonly Part[]
  /** Of the bar, from 0 to 1. */
  readonly fraction: number
}

const widestBar = 24
const narrowestBar = 8
const shortestHeading = 16
const gap = '  '

export function fitLine(line: Line, columns: number, colours: Colours): string {
  const width = Math.max(line.headingWidth, textWidth(line.heading))
  let parts = line.parts
  let headingWidth = width
  const roomBeside = () => columns - headingWidth - partsWidth(parts)
  const drop = (isDropped: (rank: number) => boolean) => {
    while (roomBeside() < 0) {
      const last = Math.max(...parts.map(({ rank }) => rank).filter(isDropped))
      if (!Number.isFinite(last)) return
      parts = parts.filter(({ rank }) => rank !== last)
    }
  }
  drop((rank) => rank >= 2)
  if (roomBeside() < 0) parts = parts.map((part) => ({ ...part, text: part.short ?? part.text }))
  if (roomBeside() < 0) headingWidth = Math.max(Math.min(width, shortestHeading), columns - partsWidth(parts))
  drop(() => true)
  headingWidth = Math.min(headingWidth, columns)
  const heading = padEnd(truncate(line.heading, headingWidth), headingWidth)
  const room = roomBeside() - gap.length
  const bar = room < narrowestBar ? '' : barOf(line.fraction, Math.min(room, widestBar), colours)
  const shown = parts.map(({ text, colour = same }) => colour(text))
  return [colours.bold(heading), bar, ...shown]
    .filter((text) => text !== '')
    .join(gap)
    .trimEnd()
}

function partsWidth(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + gap.length + textWidth(text), 0)
}

const same = (text: string): string => text

function barOf(fraction: number, width: number, colours: Colours): string {
  const done = Math.round(Math.min(1, Math.max(0, fraction)) * width)
  return colours.cyan('━'.repeat(done)) + colours.dim('─'.repeat(width - done))
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/** What is left of a time; nothing where nobody knows. */
export function leftPart(seconds: number | null): Part[] {
  return seconds === null ? [] : [{ text: `${clock(seconds)} left`, short: `-${clock(seconds)}`, rank: 1 }]
}
