/**
 * The report's log: plain lines, no control characters, one call of `print` per line.
 *
 *     Model mnist_mlp_all train started:
 *       Epoch 2: cost=0.514, accuracy=0.864/0.880 (3/3 secs)
 *     Model mnist_mlp_all train ended in 19 secs:
 *     Model mnist_mlp_all test report: accuracy = 0.900, (0 secs)
 *
 * A line stands for as many epochs as the experiment's `reportEvery` says, the last epoch has one in any case, and the
 * seconds are those since the line before and those since the stage started. Where several stages run at once, an
 * epoch's line begins with its model and stage, so that each line can be told from the others'.
 */
import { type RunEvent, type StageRef } from '@gradpool/orchestrator'
import { shown } from './metric-text.js'
import { titleOfStage, verbOf, whenDone } from './titles.js'

export interface LogOptions {
  readonly print: (line: string) => void
  /** Several stages may run at once. */
  readonly parallel: boolean
  readonly manySeeds: boolean
  /** How many epochs of a stage one line stands for. */
  readonly reportEvery: (stageHash: string) => number
}

interface OpenStage {
  readonly numEpochs: number
  shownSeconds: number
  elapsedSeconds: number
}

export function reportLog(options: LogOptions): (event: RunEvent) => void {
  const { print, parallel, manySeeds, reportEvery } = options
  const open = new Map<string, OpenStage>()
  const model = (stage: StageRef) => `Model ${titleOfStage(stage, manySeeds)} ${verbOf(stage.name)}`

  const started = (event: RunEvent & { type: 'stageStarted' }) => {
    const { stage, epochs: numEpochs } = event
    open.set(stage.hash, { numEpochs, shownSeconds: 0, elapsedSeconds: 0 })
    const { fromStep, stepsPerEpoch } = event
    const epoch = Math.floor(fromStep / stepsPerEpoch) + 1
    print(`${model(stage)} ${fromStep > 0 ? `goes on in epoch ${epoch}` : 'started'}:`)
    const [first, ...others] = stage.experiments
    for (const other of others) print(`Model ${other} ${verbOf(stage.name)} shared with ${first}`)
  }

  const epoch = (event: RunEvent & { type: 'epoch' }) => {
    const { stage, row, elapsedSeconds } = event
    const state = open.get(stage.hash)
    if (state === undefined) return
    state.elapsedSeconds = elapsedSeconds
    if (row.epoch % reportEvery(stage.hash) !== 0 && row.epoch !== state.numEpochs) return
    const who = parallel ? `${titleOfStage(stage, manySeeds)} ${verbOf(stage.name)} ` : ''
    const metrics = [`cost=${row.loss.toFixed(3)}`]
    const accuracies = [row.accuracy, row.validation?.accuracy].flatMap((each) => shown('', each))
    if (accuracies.length > 0) metrics.push(`accuracy=${accuracies.join('/')}`)
    const seconds = `${whole(elapsedSeconds - state.shownSeconds)}/${whole(elapsedSeconds)} secs`
    state.shownSeconds = elapsedSeconds
    print(`  ${who}Epoch ${row.epoch}: ${metrics.join(', ')} (${seconds})`)
  }

  const done = (event: RunEvent & { type: 'stageDone' }) => {
    const { stage, seconds, test } = event
    const trained = open.get(stage.hash)?.elapsedSeconds ?? seconds
    print(`${model(stage)} ended in ${whole(trained)} secs:`)
    // As in the report: what counts of an autoencoder is the classifier on it.
    const [accuracy] = stage.name === 'autoencode' ? [] : shown('', test?.accuracy)
    if (accuracy === undefined) return
    const title = titleOfStage(stage, manySeeds)
    const tested = Math.max(0, seconds - trained)
    print(`Model ${title} test report: accuracy = ${accuracy}, (${whole(tested)} secs)`)
  }

  return (event) => {
    if (event.type === 'stageStarted') started(event)
    else if (event.type === 'epoch') epoch(event)
    else if (event.type === 'stageDone') done(event)
    else if (event.type === 'threads')
      print(
        `${model(event.stage)} trains on ${event.threads} thread${event.threads === 1 ? '' : 's'}`,
      )
    else if (event.type === 'stageReused') print(`${model(event.stage)} ${whenDone(event)}`)
    else if (event.type === 'stageFailed') print(`${model(event.stage)} failed: ${event.error}`)
    else if (event.type === 'warning') print(`Warning: ${event.message}`)
  }
}

function whole(seconds: number): string {
  return seconds.toFixed(0)
}
