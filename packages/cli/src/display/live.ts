/**
 * A run on a terminal: one line per running stage, repainted in place at most ten times a second, and above them a line
 * that stays for each stage that is done or failed.
 */
import { createLogUpdate } from 'log-update'
import { type RunEvent, type StageProgress, type StageRef } from '@gradpool/orchestrator'
import { type Metrics } from '@gradpool/trainer'
import { type Outlet } from './outlet.js'
import { rowTexts, testOf } from './metric-text.js'
import { clock, stageLine } from './stage-line.js'
import { textWidth, truncate } from './text-width.js'
import { titleOfStage, verbOf, whenDone } from './titles.js'

export interface LiveDisplay {
  onEvent(event: RunEvent): void
  /** Begins to paint; `read` is asked for the running stages on each repaint. */
  start(read: () => readonly StageProgress[]): void
  /** Removes the lines and gives the cursor back. */
  stop(): void
}

const repaintMs = 100

export interface LiveOptions {
  readonly manySeeds: boolean
  /** Whether the stage is told of in the report's words. */
  readonly inReportWords: (stageHash: string) => boolean
}

export function liveDisplay(outlet: Outlet, { manySeeds, inReportWords }: LiveOptions): LiveDisplay {
  const { colours } = outlet
  const paint = createLogUpdate(outlet.stream)
  let read: () => readonly StageProgress[] = () => []
  let timer: NodeJS.Timeout | undefined
  const lastRows = new Map<string, string>()

  const titleOf = (stage: StageRef) => `${titleOfStage(stage, manySeeds)} ${verbOf(stage.name)}`

  const repaint = () => {
    const running = read()
    const titleWidth = Math.max(0, ...running.map(({ stage }) => textWidth(titleOf(stage))))
    // One column and two lines are left free: a terminal may wrap or scroll at its very edge.
    const columns = outlet.columns() - 1
    const room = Math.max(1, outlet.rows() - 2)
    const lines = running.slice(0, room).map((progress) => {
      const { stage } = progress
      const lossWord = inReportWords(stage.hash) ? 'cost' : 'loss'
      return stageLine(progress, { columns, colours, title: titleOf(stage), titleWidth, lossWord })
    })
    const hidden = running.length - lines.length
    if (hidden > 0) lines.push(colours.dim(`and ${hidden} more`))
    if (lines.length === 0) paint.clear()
    else paint(lines.join('\n'))
  }

  const keep = (line: string) => {
    if (timer !== undefined) paint.clear()
    outlet.printColoured(line)
    if (timer !== undefined) repaint()
  }

  const finished = (stage: StageRef, seconds: number, test: Metrics | null) => {
    const facts = [
      lastRows.get(stage.hash) ?? '',
      ...testOf(stage, test, inReportWords(stage.hash)).map(({ name, values }) => `test ${name} ${values}`),
      clock(seconds),
      ...stage.experiments.slice(1).map((other) => `shared with ${other}`),
    ].filter((fact) => fact !== '')
    const line = truncate(`✔ ${titleOf(stage)}: ${facts.join(', ')}`, outlet.columns() - 1)
    keep(line.replace('✔', colours.green('✔')))
  }

  return {
    onEvent(event) {
      if (event.type === 'epoch') {
        const { hash } = event.stage
        // Of the training alone, so that the line stays short.
        const facts = rowTexts(event.row, undefined, inReportWords(hash))
        lastRows.set(hash, facts.map(({ name, values }) => `${name} ${values}`).join(', '))
      } else if (event.type === 'stageDone') {
        finished(event.stage, event.seconds, event.test)
      } else if (event.type === 'stageReused') {
        keep(`${colours.green('✔')} ${titleOf(event.stage)}: ${whenDone(event)}`)
      } else if (event.type === 'stageFailed') {
        keep(`${colours.red('✖')} ${titleOf(event.stage)}: ${event.error}`)
      } else if (event.type === 'warning') {
        keep(`${colours.yellow('!')} ${event.message}`)
      }
    },
    start(progress) {
      read = progress
      timer = setInterval(repaint, repaintMs)
      repaint()
    },
    stop() {
      if (timer === undefined) return
      clearInterval(timer)
      timer = undefined
      paint.clear()
      paint.done()
    },
  }
}
