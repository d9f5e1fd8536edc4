/** Two curves by epoch, drawn as they come: of training and of validation. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

type Points = [x: number[], training: (number | null)[], validation: (number | null)[]]

const HEIGHT = 180

export class Curves {
  readonly #place: HTMLElement
  readonly #isShare: boolean
  #points: Points = [[], [], []]
  #epochs = 1
  #plot: uPlot | undefined

  /** @param isShare whether the values are parts of a whole, told in percent */
  constructor(place: HTMLElement, { isShare = false } = {}) {
    this.#place = place
    this.#isShare = isShare
    new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#draw()
    })
    this.#draw()
  }

  begin(epochs: number): void {
    this.#epochs = epochs
    this.#points = [[], [], []]
    this.#draw()
  }

  /** After so many epochs, or a part of one. */
  add(epoch: number, { training, validation }: { readonly training?: number; readonly validation?: number }): void {
    const [x, ...lines] = this.#points
    x.push(epoch)
    for (const [i, value] of [training, validation].entries()) lines[i]?.push(value ?? null)
    this.#plot?.setData(this.#points)
  }

  #draw(): void {
    this.#plot?.destroy()
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(name).trim()
    const grid = { stroke: colour('--faint'), width: 1 }
    const axis = { stroke: colour('--muted'), grid, ticks: grid, font: '12px system-ui, sans-serif' }
    const line = (name: string) => ({ stroke: colour(name), width: 2, spanGaps: true, points: { show: false } })
    const values = this.#isShare ? { values: (_: uPlot, ticks: number[]) => ticks.map(percent) } : {}
    const whole = { incrs: [1, 2, 5, 10, 20, 50, 100], size: 30 }
    this.#plot = new uPlot(
      {
        width: Math.max(this.#place.clientWidth, 100),
        height: HEIGHT,
        padding: [8, 10, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false, range: [0, this.#epochs] } },
        axes: [
          { ...axis, ...whole },
          { ...axis, ...values, size: 60 },
        ],
        series: [{}, line('--training'), line('--validation')],
      },
      this.#points,
      this.#place,
    )
  }
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share === 1 ? 0 : 1)}\u00a0%`
}
