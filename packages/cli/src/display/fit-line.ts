/**
 * Lines of facts below each other, as wide as there is room for: a heading, a bar, and parts of which the least
 * important go first, from all lines at once. Where even the important ones do not fit, their short forms are taken,
 * then headings are cut.
 */
import { type Colours } from './outlet.js'
import { padEnd, textWidth, truncate } from './text-width.js'

export interface Part {
  readonly text: string
  /** Parts of the same place stand below each other, the lowest place first. */
  readonly place: number
  /** Parts of the highest rank are the first to go; those below 2 stay longest, in their short form if need be. */
  readonly rank: number
  readonly short?: string
  readonly colour?: (text: string) => string
}

export interface Line {
  readonly heading: string
  readonly parts: readonly Part[]
  /** Of the bar, from 0 to 1. */
  readonly fraction: number
}

const widestBar = 24
const narrowestBar = 8
const shortestHeading = 16
const gap = '  '

export function fitLines(lines: readonly Line[], columns: number, colours: Colours): string[] {
  const width = Math.max(0, ...lines.map(({ heading }) => textWidth(heading)))
  let shown: readonly Line[] = lines
  let headingWidth = width
  const room = () => columns - headingWidth - placesOf(shown).reduce((sum, [, wide]) => sum + gap.length + wide, 0)
  const drop = (isDropped: (rank: number) => boolean) => {
    while (room() < 0) {
      const ranks = shown.flatMap(({ parts }) => parts.map(({ rank }) => rank)).filter(isDropped)
      if (ranks.length === 0) return
      const last = Math.max(...ranks)
      shown = shown.map((line) => ({ ...line, parts: line.parts.filter(({ rank }) => rank !== last) }))
    }
  }
  drop((rank) => rank >= 2)
  if (room() < 0) shown = shown.map((line) => ({ ...line, parts: line.parts.map(inShort) }))
  if (room() < 0) headingWidth = Math.max(Math.min(width, shortestHeading), width + room())
  drop(() => true)
  headingWidth = Math.min(headingWidth, columns)
  const places = placesOf(shown)
  const barWidth = Math.min(room() - gap.length, widestBar)
  return shown.map(({ heading, parts, fraction }) => {
    const cells = places.map(([place, wide]) => {
      const { text = '', colour = same } = parts.find((part) => part.place === place) ?? {}
      return text === '' ? ' '.repeat(wide) : colour(text) + ' '.repeat(wide - textWidth(text))
    })
    const bar = barWidth < narrowestBar ? [] : [barOf(fraction, barWidth, colours)]
    return [colours.bold(padEnd(truncate(heading, headingWidth), headingWidth)), ...bar, ...cells].join(gap).trimEnd()
  })
}

/** The places that any line has, each with the width that it takes. */
function placesOf(lines: readonly Line[]): (readonly [place: number, width: number])[] {
  const places = new Map<number, number>()
  for (const { parts } of lines) {
    for (const { place, text } of parts) places.set(place, Math.max(places.get(place) ?? 0, textWidth(text)))
  }
  return [...places].sort(([a], [b]) => a - b)
}

const inShort = (part: Part): Part => ({ ...part, text: part.short ?? part.text })
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

/** What is left of a time, or at most is, the last of all parts; nothing where nobody knows. */
export function leftPart(seconds: number | null, isMost: boolean): Part[] {
  if (seconds === null) return []
  return [
    ...(isMost ? [{ text: 'at most', place: 8, rank: 7 }] : []),
    { text: `${clock(seconds)} left`, short: `-${clock(seconds)}`, place: 9, rank: 1 },
  ]
}
