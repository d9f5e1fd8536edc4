/**
 * Starts the runners of a workload, one after the other, then times them in interleaved rounds; one that fails drops
 * out.
 */
import { median, spread } from '../statistics.mjs'
import { startChild } from './child.mjs'

/**
 * @param competitors name → how to start it; times are compared with the first one's that did not fail
 * @param learns whether there are enough steps for the loss to fall
 * @param losses of the first steps, which those competitors must have that are `isInOrder`
 * @returns one row a competitor: its figures, or `{ name, failure }`
 */
export async function timeWorkload(competitors, workload, data, { rounds, milliseconds, losses = [], learns = true }) {
  const entries = []
  for (const { id, name, start, isInOrder } of competitors) {
    const entry = { id, name, answers: [] }
    entries.push(entry)
    await attempt(entry, async () => {
      entry.runner = await startChild(start, workload, data)
      entry.steps = await calibrate(entry.runner, milliseconds, isInOrder ? losses : [])
    })
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of entries) {
      if (entry.failure !== undefined) continue
      await attempt(entry, async () => entry.answers.push(await entry.runner.run(entry.steps)))
    }
  }
  for (const entry of entries) {
    await entry.runner?.stop()
    if (entry.failure === undefined) await attempt(entry, async () => checkLoss(entry, learns))
  }
  const baseline = entries.find(({ failure }) => failure === undefined)
  return entries.map((entry) => (entry.failure === undefined ? figures(entry, baseline) : failed(entry)))
}

const failed = ({ id, name, failure }) => ({ id, name, failure })

async function attempt(entry, action) {
  try {
    await action()
  } catch (error) {
    entry.failure = error.message
    await entry.runner?.stop()
  }
}

/** As many steps as take about so long, found by doubling; they warm the runner up. */
async function calibrate(runner, milliseconds, losses) {
  let done = runner.chunk
  checkSame(losses[done - 1], runner.firstLoss, done)
  for (let steps = runner.chunk; ; steps *= 2) {
    const { seconds, loss } = await runner.run(steps)
    done += steps
    checkSame(losses[done - 1], loss, done)
    const ratio = milliseconds / (1000 * seconds)
    if (ratio > 1) continue
    return Math.max(1, Math.round((ratio * steps) / runner.chunk)) * runner.chunk
  }
}

/** That it computes the same as others, as far as that is known, but for the order of its sums. */
function checkSame(expected, loss, step) {
  if (expected === undefined || Math.abs(loss - expected) <= 0.005 * expected) return
  throw new Error(`the loss of step ${step} is ${loss}, not ${expected}`)
}

/** That it trained: a loss that is a number, and lower than at first if it learns. */
function checkLoss({ runner, answers }, learns) {
  const { loss } = answers.at(-1)
  if (!Number.isFinite(loss) || (learns && !(loss < runner.firstLoss))) {
    throw new Error(`the loss went from ${runner.firstLoss} to ${loss}`)
  }
}

function figures(entry, baseline) {
  const { id, name, runner, answers } = entry
  const microseconds = microsecondsOf(entry)
  const ours = microsecondsOf(baseline)
  return {
    id,
    name,
    version: runner.version,
    microseconds: median(microseconds),
    spread: spread(microseconds),
    // Round by round, so that a slow moment of the machine slows both.
    timesGradpool: median(microseconds.map((value, round) => value / ours[round])),
    cores: median(answers.map(({ cpuSeconds, seconds }) => cpuSeconds / seconds)),
    // The first answer of some comes after a chunk of steps.
    firstStepSeconds: runner.firstAnswerSeconds - ((runner.chunk - 1) * median(microseconds)) / 1e6,
    peakMB: answers.at(-1).peakMB,
    firstLoss: runner.firstLoss,
    lastLoss: answers.at(-1).loss,
  }
}

function microsecondsOf({ answers, steps }) {
  return answers.map(({ seconds }) => (1e6 * seconds) / steps)
}
