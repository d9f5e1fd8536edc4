/**
 * A run as a whole, and its experiments over their seeds, each as one line:
 *
 *     mnist_auto_1  ━━━━━━━─────────────────   84/200 seeds  2 running  accuracy 0.912 ± 0.004  ▇▅▃▂▁
 *     168 of 400 stages  ━━━━━━━─────────────────  2 running  230 waiting  12:31 left
 */
import { mean, type RunInSight, standardDeviation, type StageProgress } from '@gradpool/orchestrator'
import { leftPart, type Line, type Part } from './fit-line.js'
import { type Colours } from './outlet.js'
import { type Group, type RunTally } from './run-tally.js'
import { curvePart, fractionOf, short } from './stage-line.js'

export function groupLine(group: Group, colours: Colours): Line {
  const { name, seeds, done, failed, running, curve } = group
  const total = String(seeds)
  const count = `${String(done).padStart(total.length)}/${total}`
  const parts: Part[] = [
    { text: `${count} seeds`, short: count, place: 0, rank: 0 },
    ...(failed > 0 ? [{ text: `${failed} failed`, place: 1, rank: 1, colour: colours.red }] : []),
    ...(running > 0 ? [{ text: `${running} running`, place: 2, rank: 3 }] : []),
    ...resultsPart(group),
    ...curvePart(curve, colours),
  ]
  return { heading: name, parts, fraction: done / seeds }
}

/** After the curve, which has the same width in all lines. */
function resultsPart({ results: { name, values } }: Group): Part[] {
  if (values.length === 0) return []
  const deviation = standardDeviation(values)
  const spread = deviation === null ? '' : ` ± ${short(deviation)}`
  return [{ text: `${name} ${short(mean(values))}${spread}`, place: 4, rank: 2 }]
}

export function runLine(
  tally: RunTally,
  running: readonly StageProgress[],
  run: Pick<RunInSight, 'secondsLeft' | 'mayEndEarly'>,
  colours: Colours,
): Line {
  const total = tally.stages
  const [done, failed] = [tally.count('done'), tally.count('failed')]
  const waiting = Math.max(0, total - done - failed - running.length)
  const parts: Part[] = [
    ...(failed > 0 ? [{ text: `${failed} failed`, place: 0, rank: 0, colour: colours.red }] : []),
    ...(running.length > 0 ? [{ text: `${running.length} running`, place: 1, rank: 3 }] : []),
    ...(waiting > 0 ? [{ text: `${waiting} waiting`, place: 2, rank: 4 }] : []),
    ...leftPart(run.secondsLeft(), run.mayEndEarly()),
  ]
  const trained = running.reduce((sum, progress) => sum + fractionOf(progress), 0)
  return { heading: `${done} of ${total} stages`, parts, fraction: (done + trained) / total }
}
