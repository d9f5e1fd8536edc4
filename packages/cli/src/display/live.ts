/**
 * A run on a terminal: one line per running stage, repainted in place at most ten times a second, and below them one of
 * the run as a whole where it has several stages; above them a line that stays for each stage that is done or failed.
 *
 * A run of many seeds, with more stages than the terminal has lines, has a line for each experiment over its seeds in
 * the place of those that stay.
 */
import { type RunEvent, type RunInSight, type StageRef } from '@gradpool/orchestrator'
import { type Metrics } from '@gradpool/trainer'
import { clock, fitLines, type Line } from './fit-line.js'
import { rowTexts, testOf } from './metric-text.js'
import { type Outlet } from './outlet.js'
import { painterOn } from './painter.js'
import { groupLine, runLine } from './run-lines.js'
import { RunTally } from './run-tally.js'
import { stageLine } from './stage-line.js'
import { truncate } from './text-width.js'
import { titleOfStage, verbOf, whenDone } from './titles.js'

export interface LiveDisplay {
  /** Of what was told before, in a process that shows it no more. */
  recall(event: RunEvent): void
  onEvent(event: RunEvent): void
  /** Begins to paint; `run` is asked on each repaint. */
  start(run: RunInSight): void
  /** Removes the lines and gives the cursor back. */
  stop(): void
}

const repaintMs = 100

/** Of running stages, where they share the lines with experiments. */
const fewestRunning = 2

export interface LiveOptions {
  readonly manySeeds: boolean
  /** All stages of the run. */
  readonly stages: readonly StageRef[]
  /** Whether the stage is told of in the report's words. */
  readonly inReportWords: (stageHash: string) => boolean
}

export function liveDisplay(outlet: Outlet, { manySeeds, stages, inReportWords }: LiveOptions): LiveDisplay {
  const { colours } = outlet
  const tally = new RunTally(stages)
  let run: RunInSight = { progress: () => [], secondsLeft: () => null, mayEndEarly: () => false }
  let timer: NodeJS.Timeout | undefined
  const painter = painterOn(outlet, () => {
    if (timer !== undefined) repaint()
  })
  const lastRows = new Map<string, string>()

  const titleOf = (stage: StageRef) => `${titleOfStage(stage, manySeeds)} ${verbOf(stage.name)}`
  // One column and two lines are left free: a terminal may wrap or scroll at its very edge.
  const columns = () => outlet.columns() - 1
  const room = () => Math.max(1, outlet.rows() - 2)

  const numGroups = new Set(stages.flatMap(({ experiments }) => experiments)).size
  const isCompact = () => manySeeds && tally.stages > room() && numGroups + fewestRunning + 1 <= room()

  const fit = (lines: readonly Line[]) => fitLines(lines, columns(), colours)

  const repaint = () => {
    const running = run.progress()
    const groups = isCompact() ? fit(tally.groups().map((group) => groupLine(group, colours))) : []
    const whole = tally.stages > 1 ? fit([runLine(tally, running, run, colours)]) : []
    const free = room() - groups.length - whole.length
    const shown = running.slice(0, running.length > free ? Math.max(0, free - 1) : free)
    const stageLines = shown.map((progress) => {
      const { stage } = progress
      const lossWord = inReportWords(stage.hash) ? 'cost' : 'loss'
      return stageLine(progress, { colours, title: titleOf(stage), lossWord, curve: tally.curveOf(stage.hash) })
    })
    const hidden = running.length - shown.length
    const more = hidden > 0 && free > 0 ? [colours.dim(`and ${hidden} more`)] : []
    painter.paint([...groups, ...fit(stageLines), ...more, ...whole])
  }

  const keep = (line: string) => {
    if (timer !== undefined) painter.clear()
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
    const line = truncate(`✔ ${titleOf(stage)}: ${facts.join(', ')}`, columns())
    keep(line.replace('✔', colours.green('✔')))
  }

  return {
    recall: (event) => tally.onEvent(event),
    onEvent(event) {
      tally.onEvent(event)
      if (event.type === 'epoch') {
        const { hash } = event.stage
        // Of the training alone, so that the line stays short.
        const facts = rowTexts(event.row, undefined, inReportWords(hash))
        lastRows.set(hash, facts.map(({ name, values }) => `${name} ${values}`).join(', '))
      } else if (event.type === 'stageDone') {
        if (!isCompact()) finished(event.stage, event.seconds, event.test)
        lastRows.delete(event.stage.hash)
      } else if (event.type === 'stageReused') {
        if (!isCompact()) keep(`${colours.green('✔')} ${titleOf(event.stage)}: ${whenDone(event)}`)
      } else if (event.type === 'stageFailed') {
        keep(`${colours.red('✖')} ${titleOf(event.stage)}: ${event.error}`)
      } else if (event.type === 'warning') {
        keep(`${colours.yellow('!')} ${event.message}`)
      }
    },
    start(inSight) {
      run = inSight
      timer = setInterval(repaint, repaintMs)
      repaint()
    },
    stop() {
      if (timer === undefined) return
      clearInterval(timer)
      timer = undefined
      painter.clear()
      painter.done()
    },
  }
}
