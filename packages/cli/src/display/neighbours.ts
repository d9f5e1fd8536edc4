/**
 * A search as pictures: the query, and what was found, nearest first, each with its label, its number, and how near it
 * is.
 */
import { type Picture, scaled, withoutMargin } from '@gradpool/datasets'
import { type Neighbour } from '@gradpool/hashing'
import { type Query } from '../hashing/query.js'
import { halfBlocks } from './half-blocks.js'
import { padEnd } from './text-width.js'

/** Digits are blank at the rim; without it they can be drawn larger. */
const margin = 2
const width = 16
const gap = '   '

export interface Found extends Neighbour {
  readonly picture: Picture
}

export function queryLines({ title, label, picture }: Query): string[] {
  const labelled = label === null ? '' : `, label ${label}`
  return [`Query: ${title}${labelled}`, '', ...sideBySide([drawn(picture)])]
}

/** Lines no wider than the terminal, where that has room for one picture. */
export function neighbourLines(found: readonly Found[], columns: number): string[] {
  const perRow = Math.max(1, Math.floor((columns + gap.length) / (width + gap.length)))
  const lines: string[] = []
  for (let first = 0; first < found.length; first += perRow) {
    lines.push('', ...sideBySide(found.slice(first, first + perRow).map(captioned)))
  }
  return lines
}

function captioned({ picture, id, label, hamming, distance }: Found): string[] {
  const title = label === null ? `#${id}` : `${label} (#${id})`
  return [...drawn(picture), title, `${bitsOf(hamming)}${distance === null ? '' : `, ${shortOf(distance)}`}`]
}

function drawn(picture: Picture): string[] {
  return halfBlocks(scaled(withoutMargin(picture, margin), width))
}

function sideBySide(blocks: readonly (readonly string[])[]): string[] {
  const height = Math.max(...blocks.map((block) => block.length))
  return Array.from({ length: height }, (_, line) =>
    blocks
      .map((block) => padEnd(block[line] ?? '', width))
      .join(gap)
      .trimEnd(),
  )
}

/** `1 bit`, `2 bits`. */
export function bitsOf(hamming: number): string {
  return hamming === 1 ? '1 bit' : `${hamming} bits`
}

/** A distance in so few digits that it can be read. */
export function shortOf(distance: number): string {
  return distance.toFixed(distance < 10 ? 4 : 2)
}
