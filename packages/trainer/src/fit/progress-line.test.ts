import { expect, it } from 'vitest'
import { ProgressLine, progressText } from './progress-line.js'

const progress = {
  epoch: 3,
  epochs: 10,
  step: 250,
  steps: 1000,
  loss: 0.41274,
  stepsPerSecond: 12_430,
  secondsLeft: 72,
}

it('tells how far it is, how well, and how long it will take', () => {
  expect(progressText(progress)).toBe('epoch 3/10 ━━━━━━────────────────── 25 %  loss 0.4127  12.4k steps/s  1:12 left')
})

it('leaves out what is not known yet', () => {
  const young = { ...progress, step: 0, loss: NaN, stepsPerSecond: 0, secondsLeft: NaN }
  expect(progressText(young)).toBe('epoch 3/10 ──────────────────────── 0 %')
})

it('is drawn in its place, no wider than the terminal, and leaves nothing behind', () => {
  const written: string[] = []
  const line = new ProgressLine({ columns: 20, write: (text) => written.push(text) })
  line.clear()
  line.draw(progress)
  line.draw(progress)
  line.clear()
  line.clear()
  const drawn = '\r\u001b[2Kepoch 3/10 ━━━━━━──'
  expect(written).toEqual([drawn, drawn, '\r\u001b[2K'])
})
