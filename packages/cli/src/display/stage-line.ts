/**
 * Running stages, each as one line, as wide as there is room for:
 *
 *     mnist_auto_2 autoencode ━━━━━─────── epoch 4/10  40 %  cost 2553.1 ▇▅▃  accuracy 0.525  12.4k steps/s  0:12 left
 *
 * Where it does not fit, the bar goes first, then speed, per cent, the curve of the loss, and metrics, the last one
 * first; name, epoch and time stay longest.
 */
import { type StageProgress } from '@gradpool/orchestrator'
import { leftPart, type Line, type Part } from './fit-line.js'
import { type Colours } from './outlet.js'
import { sparkline } from './sparkline.js'
import { padEnd } from './text-width.js'

export interface StageLineOptions {
  readonly colours: Colours
  readonly title: string
  /** What the loss is called. */
  readonly lossWord: 'cost' | 'loss'
  /** The loss of the validation after each epoch, or that of the training. */
  readonly curve: readonly number[]
}

const curveWidth = 10

export function stageLine(progress: StageProgress, options: StageLineOptions): Line {
  return { heading: options.title, parts: partsOf(progress, options), fraction: fractionOf(progress) }
}

function partsOf(progress: StageProgress, { lossWord, curve, colours }: StageLineOptions): Part[] {
  const { epoch, epochs, last, stepsPerSecond, secondsLeft, mayEndEarly } = progress
  const { loss = NaN, ...others } = last
  // Parts of metrics that are finished at the end of an epoch have slashes in their names.
  const metrics = Object.entries(others).filter(([name, value]) => !name.includes('/') && Number.isFinite(value))
  const total = String(epochs)
  const count = `${String(epoch).padStart(total.length)}/${total}`
  const percent = Math.floor(100 * fractionOf(progress)).toFixed(0)
  return [
    { text: `epoch ${count}`, short: count, place: 0, rank: 0 },
    { text: `${percent.padStart(3)} %`, place: 1, rank: 5 },
    { text: `${lossWord} ${short(loss)}`.padEnd(13), place: 2, rank: 2 },
    ...curvePart(curve, colours),
    ...metrics.map(([name, value], at) => {
      return {
        text: `${name} ${short(value).padStart(6)}`,
        place: 4 + at / metrics.length,
        rank: 3 + at / metrics.length,
      }
    }),
    { text: `${thousands(stepsPerSecond).padStart(6)} steps/s`, place: 5, rank: 6 },
    ...leftPart(secondsLeft, mayEndEarly),
  ]
}

/** A single point is no curve. */
export function curvePart(curve: readonly number[], colours: Colours): Part[] {
  if (curve.filter(Number.isFinite).length < 2) return []
  return [{ text: padEnd(sparkline(curve, curveWidth), curveWidth), place: 3, rank: 4, colour: colours.cyan }]
}

export function fractionOf({ step, steps }: StageProgress): number {
  return steps > 0 ? Math.min(1, step / steps) : 0
}

/** About six characters, whatever the size. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 1e6) return value.toExponential(2)
  return value.toFixed(size >= 1000 ? 1 : 3)
}

function thousands(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 1000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(0)
}
