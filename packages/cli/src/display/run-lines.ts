/**
 * A run as a whole, and its experiments over their seeds, each as one line:
 *
 *     mnist_auto_1    ━━━━━━━─────────────────   84/200 seeds  2 running  accuracy 0.912 ± 0.004  ▇▅▃▂▁
 *     168 of 400 stages  ━━━━━━━─────────────────  2 running  230 waiting  12:31 left
 */
import { mean, standardDeviation, type StageProgress } from '@gradpool/orchestrator'
import { fitLine, leftPart, type Part } from './fit-line.js'
import { type Colours } from './outlet.js'
import { type Group, type RunTally } from './run-tally.js'
import { curvePart, fractionOf, short } from './stage-line.js'

export interface LineOptions {
  readonly columns: number
  readonly colours: Colours
}

export function groupLine(group: Group, nameWidth: number, { columns, colours }: LineOptions): string {
  const { name, seeds, done, failed, running, curve } = group
  const total = String(seeds)
  const count = `${String(done).padStart(total.length)}/${total}`
  const parts: Part[] = [
    { text: `${count} seeds`, short: count, rank: 0 },
    ...(failed > 0 ? [{ text: `${failed} failed`, rank: 1, colour: colours.red }] : []),
    ...(running > 0 ? [{ text: `${running} running`, rank: 3 }] : []),
    ...resultsPart(group),
    ...curvePart(curve, colours),
  ]
  return fitLine({ heading: name, headingWidth: nameWidth, parts, fraction: done / seeds }, columns, colours)
}

function resultsPart({ results: { name, values } }: Group): Part[] {
  if (values.length === 0) return []
  const deviation = standardDeviation(values)
  const spread = deviation === null ? '' : ` ± ${short(deviation)}`
  return [{ text: `${name} ${short(mean(values))}${spread}`, rank: 2 }]
}

export function runLine(
  tally: RunTally,
  running: readonly StageProgress[],
  secondsLeft: number | null,
  { columns, colours }: LineOptions,
): string {
  const total = tally.stages
  const [done, failed] = [tally.count('done'), tally.count('failed')]
  const waiting = Math.max(0, total - done - failed - running.length)
  const parts: Part[] = [
    ...(failed > 0 ? [{ text: `${failed} failed`, rank: 0, colour: colours.red }] : []),
    ...(running.length > 0 ? [{ text: `${running.length} running`, rank: 3 }] : []),
    ...(waiting > 0 ? [{ text: `${waiting} waiting`, rank: 4 }] : []),
    ...leftPart(secondsLeft),
  ]
  const trained = running.reduce((sum, progress) => sum + fractionOf(progress), 0)
  const heading = `${done} of ${total} stages`
  const line = {
    heading,
    headingWidth: `${total} of ${total} stages`.length,
    parts,
    fraction: (done + trained) / total,
  }
  return fitLine(line, columns, colours)
}
