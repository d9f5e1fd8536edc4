/**
 * A few test digits of each experiment, as the report shows them at the end of each: what was seen, what an autoencoder
 * made of it, the truth and the estimate.
 *
 *     Model mnist_auto_1 Visualization
 *     (digits, each beside its reconstruction)
 *     정답 [6 9 9] vs. 추정 [6 9 9]
 *
 * Of experiments that are not the report's the last line is `truth [6 9 9] vs. estimate [6 9 9]`.
 */
import { type Sample } from '@gradpool/orchestrator'
import { type Picture, scaled, withoutMargin } from '@gradpool/datasets'
import { halfBlocks } from './half-blocks.js'

/** Digits are blank at the rim; without it they can be drawn larger. */
const margin = 2
/** Three digits are read well at this width, and do not push the table off the screen. */
const widest = 16
const gap = '   '
const arrow = ' → '
const noArrow = ' '.repeat(arrow.length)

/** Lines for one experiment, given the samples of each of its stages; none if no stage has samples. */
export function visualization(
  stages: readonly (readonly Sample[])[],
  { columns, inReportWords }: { readonly columns: number; readonly inReportWords: boolean },
): string[] {
  const [truth, estimate] = inReportWords ? ['정답', '추정'] : ['truth', 'estimate']
  const rows = mergeStages(stages).map((samples) => {
    return [...pictureRow(samples, columns), ...verdict(samples, truth, estimate)]
  })
  return rows.flatMap((row, at) => (at === 0 ? row : ['', ...row]))
}

/** Stages that show the same images become one row: reconstruction of one, estimate of the other. */
function mergeStages(stages: readonly (readonly Sample[])[]): (readonly Sample[])[] {
  const rows: (readonly Sample[])[] = []
  for (const samples of stages) {
    if (samples.length === 0) continue
    const last = rows.at(-1)
    if (last === undefined || !sameImages(last, samples)) {
      rows.push(samples)
      continue
    }
    rows[rows.length - 1] = samples.map((sample, index) => ({ ...last[index], ...sample }))
  }
  return rows
}

function sameImages(some: readonly Sample[], others: readonly Sample[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ image }, index) => {
      const other = others[index]?.image ?? []
      return image.length === other.length && image.every((pixel, at) => pixel === other[at])
    })
  )
}

function pictureRow(samples: readonly Sample[], columns: number): string[] {
  const numPictures = samples.flatMap(picturesOf).length
  const numArrows = numPictures - samples.length
  const between = numArrows * arrow.length + (samples.length - 1) * gap.length
  const width = Math.max(4, Math.min(widest, Math.floor((columns - between) / numPictures)))
  const drawn = samples.map((sample) =>
    picturesOf(sample).map((picture) => halfBlocks(scaled(withoutMargin(picture, margin), width))),
  )
  const height = Math.max(...drawn.flat().map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => {
    const separator = line === Math.floor(height / 2) ? arrow : noArrow
    const parts = drawn.map((pictures) => pictures.map((lines) => lines[line] ?? '').join(separator))
    return parts.join(gap).trimEnd()
  })
}

function picturesOf({ image, imageShape: [height, width], reconstruction }: Sample): Picture[] {
  const seen = { pixels: image, height, width }
  return reconstruction === undefined ? [seen] : [seen, { ...seen, pixels: reconstruction }]
}

function verdict(samples: readonly Sample[], truth: string, estimate: string): string[] {
  const estimates = samples.map(({ estimate }) => estimate)
  if (estimates.includes(undefined)) return []
  const truths = samples.map(({ truth }) => truth)
  return [`${truth} [${truths.join(' ')}] vs. ${estimate} [${estimates.join(' ')}]`]
}
