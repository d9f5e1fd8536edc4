/**
 * The report's log: plain lines, no control characters, one call of `print` per line.
 *
 *     Model mnist_mlp_all train started:
 *       Epoch 2: cost=0.514, accuracy=0.864/0.880 (3/3 secs)
 *     Model mnist_mlp_all train ended in 19 secs:
 *     Model mnist_mlp_all test report: accuracy = 0.900, (0 secs)
 *
 * Experiments that the report does not have tell all their metrics, those of the training and after them those of the
 * validation:
 *
 *       Epoch 2: loss=0.514/0.601, f1=0.610/0.580 (3/3 secs)
 *
 * They also tell how many examples are trained on and how many are held out, by default or as was asked:
 *
 *       Trains on 900 examples, holds out 100 for validation and 200 for test
 *
 * A line stands for as many epochs as the experiment's `reportEvery` says, the last epoch has one in any case, and the
 * seconds are those since the line before and those since the stage started. Where several stages run at once, an
 * epoch's line begins with its model and stage, so that each line can be told from the others'.
 */
import { type RunEvent, type StageRef } from '@gradpool/orchestrator'
import { rowTexts, testOf } from './metric-text.js'
import { titleOfStage, verbOf, whenDone } from './titles.js'

export interface LogOptions {
  readonly print: (line: string) => void
  /** Several stages may run at once. */
  readonly parallel: boolean
  readonly manySeeds: boolean
  /** How many epochs of a stage one line stands for. */
  readonly reportEvery: (stageHash: string) => number
  /** Whether the stage is told of in the report's words. */
  readonly inReportWords: (stageHash: string) => boolean
}

interface OpenStage {
  readonly numEpochs: number
  shownSeconds: number
  elapsedSeconds: number
}

export function reportLog(options: LogOptions): (event: RunEvent) => void {
  const { print, parallel, manySeeds, reportEvery, inReportWords } = options
  const open = new Map<string, OpenStage>()
  const model = (stage: StageRef) => `Model ${titleOfStage(stage, manySeeds)} ${verbOf(stage.name)}`

  const started = (event: RunEvent & { type: 'stageStarted' }) => {
    const { stage, epochs: numEpochs } = event
    open.set(stage.hash, { numEpochs, shownSeconds: 0, elapsedSeconds: 0 })
    const { fromStep, stepsPerEpoch } = event
    const epoch = Math.floor(fromStep / stepsPerEpoch) + 1
    print(`${model(stage)} ${fromStep > 0 ? `goes on in epoch ${epoch}` : 'started'}:`)
    if (!inReportWords(stage.hash)) print(`  ${heldOut(event.examples)}`)
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
    const metrics = rowTexts(row, row.validation, inReportWords(stage.hash)).map(
      ({ name, values }) => `${name}=${values}`,
    )
    const seconds = `${whole(elapsedSeconds - state.shownSeconds)}/${whole(elapsedSeconds)} secs`
    state.shownSeconds = elapsedSeconds
    print(`  ${who}Epoch ${row.epoch}: ${metrics.join(', ')} (${seconds})`)
  }

  const done = (event: RunEvent & { type: 'stageDone' }) => {
    const { stage, seconds, test } = event
    const trained = open.get(stage.hash)?.elapsedSeconds ?? seconds
    print(`${model(stage)} ended in ${whole(trained)} secs:`)
    const metrics = testOf(stage, test, inReportWords(stage.hash))
    if (metrics.length === 0) return
    const title = titleOfStage(stage, manySeeds)
    const tested = Math.max(0, seconds - trained)
    const told = metrics.map(({ name, values }) => `${name} = ${values}, `).join('')
    print(`Model ${title} test report: ${told}(${whole(tested)} secs)`)
  }

  return (event) => {
    if (event.type === 'stageStarted') started(event)
    else if (event.type === 'epoch') epoch(event)
    else if (event.type === 'stageDone') done(event)
    else if (event.type === 'threads')
      print(`${model(event.stage)} trains on ${event.threads} thread${event.threads === 1 ? '' : 's'}`)
    else if (event.type === 'stageReused') print(`${model(event.stage)} ${whenDone(event)}`)
    else if (event.type === 'stageFailed') print(`${model(event.stage)} failed: ${event.error}`)
    else if (event.type === 'warning') print(`Warning: ${event.message}`)
  }
}

function whole(seconds: number): string {
  return seconds.toFixed(0)
}

function heldOut({ train, validation, test }: (RunEvent & { type: 'stageStarted' })['examples']): string {
  const held = [validation > 0 && `${validation} for validation`, test > 0 && `${test} for test`].filter(
    (text) => text !== false,
  )
  return `Trains on ${train} examples${held.length > 0 ? `, holds out ${held.join(' and ')}` : ''}`
}
