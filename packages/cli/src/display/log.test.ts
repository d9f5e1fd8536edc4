import { expect, test } from 'vitest'
import { eventsOf, stageOf } from '../testing/fake-run.js'
import { type LogOptions, reportLog } from './log.js'

function linesOf(events: Parameters<ReturnType<typeof reportLog>>[0][], change: Partial<LogOptions>) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  const options = {
    print,
    parallel: false,
    manySeeds: false,
    reportEvery: () => 1,
    inReportWords: () => true,
    ...change,
  }
  events.forEach(reportLog(options))
  return lines
}

test('a classifier is logged in the very form of the report', () => {
  const stage = stageOf('classify', ['mnist_mlp_all'])
  const events = eventsOf(stage, { epochs: 4, test: { loss: 1, accuracy: 0.9 } })
  expect(linesOf(events, { reportEvery: () => 2 })).toEqual([
    'Model mnist_mlp_all train started:',
    '  Epoch 2: cost=0.514, accuracy=0.864/0.880 (3/3 secs)',
    '  Epoch 4: cost=0.514, accuracy=0.864/0.880 (3/6 secs)',
    'Model mnist_mlp_all train ended in 6 secs:',
    'Model mnist_mlp_all test report: accuracy = 0.900, (0 secs)',
  ])
})

test('an autoencoder has no test report, and names those it is shared with', () => {
  const stage = stageOf('autoencode', ['mnist_auto_1', 'mnist_auto_fix'])
  expect(linesOf(eventsOf(stage, { epochs: 1, test: { loss: 1, accuracy: -0.5 } }), {})).toEqual([
    'Model mnist_auto_1 autoencode started:',
    'Model mnist_auto_fix autoencode shared with mnist_auto_1',
    '  Epoch 1: cost=0.514, accuracy=0.864/0.880 (1/1 secs)',
    'Model mnist_auto_1 autoencode ended in 1 secs:',
  ])
})

test('the last epoch has a line, whatever the stride', () => {
  const lines = linesOf(eventsOf(stageOf('classify', ['a']), { epochs: 3 }), {
    reportEvery: () => 2,
  })
  expect(lines.filter((line) => line.includes('Epoch'))).toEqual([
    '  Epoch 2: cost=0.514, accuracy=0.864/0.880 (3/3 secs)',
    '  Epoch 3: cost=0.514, accuracy=0.864/0.880 (1/4 secs)',
  ])
})

test('where stages run side by side, each line tells whose it is', () => {
  const events = eventsOf(stageOf('classify', ['a'], 1), {
    epochs: 1,
    test: { loss: 1, accuracy: 0.5 },
  })
  expect(linesOf(events, { parallel: true, manySeeds: true })).toEqual([
    'Model a (seed 1) train started:',
    '  a (seed 1) train Epoch 1: cost=0.514, accuracy=0.864/0.880 (1/1 secs)',
    'Model a (seed 1) train ended in 1 secs:',
    'Model a (seed 1) test report: accuracy = 0.500, (0 secs)',
  ])
})

test('a stage without validation, and one that fails', () => {
  const stage = stageOf('mine', ['a'])
  const row = { epoch: 1, seconds: 1, loss: 2, accuracy: 0.25 }
  const lines = linesOf(
    [
      {
        type: 'stageStarted',
        stage,
        epochs: 2,
        stepsPerEpoch: 10,
        fromStep: 0,
        examples: { train: 900, validation: 100, test: 0 },
      },
      { type: 'epoch', stage, row, elapsedSeconds: 1 },
      {
        type: 'epoch',
        stage,
        row: { ...row, epoch: 2, accuracy: NaN },
        elapsedSeconds: 2,
      },
      { type: 'stageFailed', stage, error: 'the loss became NaN' },
      { type: 'warning', message: 'the log cannot be written' },
    ],
    {},
  )
  expect(lines).toEqual([
    'Model a mine started:',
    '  Epoch 1: cost=2.000, accuracy=0.250 (1/1 secs)',
    '  Epoch 2: cost=2.000 (1/2 secs)',
    'Model a mine failed: the loss became NaN',
    'Warning: the log cannot be written',
  ])
})

test('a model of its own tells all its metrics, of training and validation', () => {
  const stage = stageOf('mine', ['a'])
  const row = {
    epoch: 1,
    seconds: 1,
    loss: 0.514,
    f1: 0.61,
    confusion: [[1, 2]],
    rate: 0.00123,
    validation: { loss: 0.601, f1: 0.58, confusion: [[1, 2]], rate: NaN },
  }
  const test = { loss: 0.62, f1: 1 / 3, confusion: [[3, 4]] }
  const lines = linesOf(
    [
      {
        type: 'stageStarted',
        stage,
        epochs: 1,
        stepsPerEpoch: 10,
        fromStep: 0,
        examples: { train: 900, validation: 100, test: 0 },
      },
      { type: 'epoch', stage, row, elapsedSeconds: 1 },
      { type: 'stageDone', stage, seconds: 1, test, samples: [] },
    ],
    { inReportWords: () => false },
  )
  expect(lines.slice(1)).toEqual([
    '  Trains on 900 examples, holds out 100 for validation',
    '  Epoch 1: loss=0.514/0.601, f1=0.610/0.580, rate=0.00123 (1/1 secs)',
    'Model a mine ended in 1 secs:',
    'Model a test report: loss = 0.620, f1 = 0.333, (0 secs)',
  ])
})

test("a model of one's own in the report's words has its other metrics, too", () => {
  const stage = stageOf('mine', ['a'])
  const row = { epoch: 1, seconds: 1, loss: 0.514, accuracy: 0.5, f1: 0.61 }
  const lines = linesOf(
    [
      {
        type: 'stageStarted',
        stage,
        epochs: 1,
        stepsPerEpoch: 10,
        fromStep: 0,
        examples: { train: 900, validation: 0, test: 0 },
      },
      { type: 'epoch', stage, row, elapsedSeconds: 1 },
    ],
    {},
  )
  expect(lines.at(-1)).toBe('  Epoch 1: cost=0.514, accuracy=0.500, f1=0.610 (1/1 secs)')
})
