/**
 * Pictures as text: each character is two pixels, one above the other, dark ground, no control characters.
 */

import { type Picture } from '@gradpool/datasets'

/** A pixel is drawn from this grey on. */
const threshold = 100

const characters = [' ', '▀', '▄', '█'] as const

/** Lines of `picture.width` characters, half as many as the picture has rows. */
export function halfBlocks(picture: Picture): string[] {
  const lit = (y: number, x: number) => {
    if (y >= picture.height) return 0
    return (picture.pixels[y * picture.width + x] ?? 0) >= threshold ? 1 : 0
  }
  return Array.from({ length: Math.ceil(picture.height / 2) }, (_, line) => {
    let text = ''
    for (let x = 0; x < picture.width; x += 1) {
      text += characters[(lit(2 * line, x) + 2 * lit(2 * line + 1, x)) as 0 | 1 | 2 | 3]
    }
    return text
  })
}
