/**
 * A training as one line of a terminal, drawn again and again in its place:
 *
 *     epoch 3/10 ━━━━━━━────────── 28 %  loss 0.4127  12.4k steps/s  0:12 left
 */
import type { StepProgress } from './fit-types.js'

const BAR_WIDTH = 24
const CLEAR = '\r\u001b[2K'

export interface LineOutput {
  readonly columns?: number
  write(text: string): unknown
}

export class ProgressLine {
  readonly #output: LineOutput
  #isDrawn = false

  constructor(output: LineOutput) {
    this.#output = output
  }

  draw(progress: StepProgress): void {
    const columns = this.#output.columns ?? 80
    this.#output.write(CLEAR + progressText(progress).slice(0, columns - 1))
    this.#isDrawn = true
  }

  /** Leaves nothing of it behind. */
  clear(): void {
    if (this.#isDrawn) this.#output.write(CLEAR)
    this.#isDrawn = false
  }
}

export function progressText(progress: StepProgress): string {
  const { epoch, epochs, step, steps, loss, stepsPerSecond, secondsLeft } = progress
  const share = steps > 0 ? Math.min(1, step / steps) : 0
  const filled = Math.round(share * BAR_WIDTH)
  const bar = '━'.repeat(filled) + '─'.repeat(BAR_WIDTH - filled)
  const parts = [`epoch ${epoch}/${epochs} ${bar} ${Math.floor(100 * share)} %`]
  if (Number.isFinite(loss)) parts.push(`loss ${loss.toPrecision(4)}`)
  if (stepsPerSecond > 0) parts.push(`${speedText(stepsPerSecond)} steps/s`)
  if (Number.isFinite(secondsLeft)) parts.push(`${clockText(secondsLeft)} left`)
  return parts.join('  ')
}

function speedText(speed: number): string {
  return speed >= 1000 ? `${(speed / 1000).toFixed(1)}k` : speed.toFixed(0)
}

/** `0:07`, `12:30`, `1:02:03`. */
function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}
