import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { eventsOf, experimentOf, inSight, progressOf, stageOf } from '../testing/fake-run.js'
import { controlCharacter, keptOutlet } from '../testing/streams.js'
import { liveDisplay } from './live.js'

const terminal = { isTTY: true, columns: 90, rows: 10 }
const stage = stageOf('autoencode', ['mnist_auto_1', 'mnist_auto_fix'])

const options = { manySeeds: false, inReportWords: () => true, stages: [stage] }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('it repaints at most ten times a second, and only what changed', () => {
  const { outlet, text } = keptOutlet(terminal)
  const display = liveDisplay(outlet, options)
  let step = 0
  let reads = 0
  display.start(
    inSight(() => {
      reads += 1
      return [progressOf(stage, { step })]
    }),
  )
  vi.advanceTimersByTime(1000)
  expect(reads).toBeLessThanOrEqual(11)
  const before = text().length
  vi.advanceTimersByTime(1000)
  expect(text().length).toBe(before)
  step = 59_000
  vi.advanceTimersByTime(100)
  expect(text()).toContain('100 %')
  display.stop()
})

test('a stage that is done leaves a line, and nothing is painted after the end', () => {
  const { outlet, text } = keptOutlet(terminal, { NO_COLOR: '1' })
  const display = liveDisplay(outlet, options)
  display.start(inSight(() => []))
  eventsOf(stage).forEach((event) => display.onEvent(event))
  expect(text()).toContain('✔ mnist_auto_1 autoencode: cost 0.514, accuracy 0.864, 0:03, shared with mnist_auto_fix\n')
  display.onEvent({ type: 'stageFailed', stage, error: 'the loss became NaN' })
  expect(text()).toContain('✖ mnist_auto_1 autoencode: the loss became NaN\n')
  display.stop()
  const after = text()
  vi.advanceTimersByTime(1000)
  expect(text()).toBe(after)
})

test('a model of its own has its own words', () => {
  const { outlet, text } = keptOutlet({ ...terminal, columns: 150 }, { NO_COLOR: '1' })
  const display = liveDisplay(outlet, { ...options, inReportWords: () => false })
  const mine = stageOf('mine', ['a'])
  display.start(inSight(() => [progressOf(mine, { last: { loss: 0.25, f1: 0.5, 'r2/sum': 3 } })]))
  expect(text()).toMatch(/loss 0\.250 +f1 +0\.500 /)
  expect(text()).not.toContain('r2')
  eventsOf(mine, { test: { loss: 0.7, f1: 0.4 } }).forEach((event) => display.onEvent(event))
  expect(text()).toContain('✔ a mine: loss 0.514, accuracy 0.864, test loss 0.700, test f1 0.400, 0:03\n')
  display.stop()
})

test('more stages than the terminal has lines are counted', () => {
  const { outlet, text } = keptOutlet({ ...terminal, rows: 5 })
  const display = liveDisplay(outlet, options)
  display.start(inSight(() => Array.from({ length: 6 }, (_, at) => progressOf(stageOf('mine', [`m${at}`])))))
  expect(text()).toContain('and 4 more')
  display.stop()
})

test('where there is one line, it is that of the run', () => {
  const { outlet, text } = keptOutlet({ ...terminal, rows: 3 }, { NO_COLOR: '1' })
  const stages = Array.from({ length: 6 }, (_, at) => stageOf('mine', [`m${at}`]))
  const display = liveDisplay(outlet, { ...options, stages })
  display.start(inSight(() => stages.slice(0, 2).map((each) => progressOf(each)), 83))
  expect(text()).toMatch(/0 of 6 stages .* 2 running {2}4 waiting {2}1:23 left\n/)
  expect(text()).not.toMatch(/more|m0/)
  display.stop()
})

test('a run of several stages has a line of its own, with the time that is left of all of it', () => {
  const { outlet, text } = keptOutlet(terminal, { NO_COLOR: '1' })
  const stages = [stage, stageOf('classify', ['mnist_auto_1']), stageOf('classify', ['mnist_auto_fix'])]
  const display = liveDisplay(outlet, { ...options, stages })
  display.start(inSight(() => [progressOf(stage, { step: 29_500 })], 83))
  expect(text()).toMatch(/0 of 3 stages {2}━━━━─{20} {2}1 running {2}2 waiting {2}1:23 left\n/)
  eventsOf(stage).forEach((event) => display.onEvent(event))
  expect(text()).toContain('1 of 3 stages')
  display.stop()
})

test('the curve of the loss of the validation has a place where there is room', () => {
  const { outlet, text } = keptOutlet({ ...terminal, columns: 130 }, { NO_COLOR: '1' })
  const display = liveDisplay(outlet, options)
  display.start(inSight(() => [progressOf(stage)]))
  expect(text()).not.toContain('█')
  const [started, epoch] = eventsOf(stage, { epochs: 1 })
  if (epoch?.type !== 'epoch' || started === undefined) throw new Error('no epoch')
  display.onEvent(started)
  for (const [at, loss] of [3, 2, 1].entries()) {
    display.onEvent({ ...epoch, row: { ...epoch.row, epoch: at + 1, validation: { loss } } })
  }
  vi.advanceTimersByTime(100)
  expect(text()).toMatch(/cost 2553\.1 +█▅▁ /)
  display.stop()
})

test('two hundred seeds are a line for each experiment, and those that run', () => {
  const { outlet, text } = keptOutlet({ ...terminal, rows: 24, columns: 100 }, { NO_COLOR: '1' })
  const stages = Array.from({ length: 200 }, (_, seed) => [
    stageOf('classify', ['가나다_mlp'], seed),
    stageOf('classify', ['mnist_mlp_all'], seed),
  ]).flat()
  const display = liveDisplay(outlet, { ...options, manySeeds: true, stages })
  display.start(inSight(() => stages.slice(6, 8).map((each) => progressOf(each)), 3723))
  for (const each of stages.slice(0, 6)) {
    eventsOf(each).forEach((event) => display.onEvent(event))
    const [name = ''] = each.experiments
    const accuracy = each.seed / 10
    display.onEvent({ type: 'experimentDone', result: experimentOf(name, { seed: each.seed, accuracy }) })
  }
  for (const each of stages.slice(6, 8)) display.onEvent(eventsOf(each)[0] as never)
  const before = text().length
  vi.advanceTimersByTime(100)
  const lines = text().slice(before).split('\n').slice(0, -1)
  expect(text()).not.toContain('✔')
  expect(lines).toHaveLength(5)
  expect(lines[0]).toMatch(/가나다_mlp +━* *─+ {4}3\/200 seeds {2}1 running {2}[▁▂▃▄▅▆▇█]+ +accuracy 0\.100 ± 0\.100$/)
  expect(lines[1]).toMatch(/^mnist_mlp_all/)
  expect(lines[2]).toMatch(/^가나다_mlp \(seed 3\) train/)
  expect(lines[4]).toMatch(/^6 of 400 stages .* 2 running {2}392 waiting {2}1:02:03 left$/)
  display.onEvent({ type: 'stageFailed', stage: stage, error: 'the loss became NaN' })
  expect(text()).toContain('✖ mnist_auto_1')
  display.stop()
})

test('a terminal that became narrower keeps nothing of the lines that it has broken in two', () => {
  const { outlet, stream, text } = keptOutlet({ ...terminal, columns: 120 }, { NO_COLOR: '1' })
  const display = liveDisplay(outlet, options)
  display.start(inSight(() => [progressOf(stage), progressOf(stage)]))
  const before = text().length
  Object.assign(stream, { columns: 60 })
  stream.emit('resize')
  expect(text()).toHaveLength(before)
  vi.advanceTimersByTime(100)
  const painted = text().slice(before)
  // Two lines of two rows each, and the one that the cursor is on.
  expect(painted.split('\u001b[2K').length - 1).toBe(5)
  expect(painted.split('\n')[0]).toMatch(/left$/)
  display.stop()
  expect(stream.listenerCount('resize')).toBe(0)
})

test('xterm, which breaks no lines, loses none above them', () => {
  const { outlet, stream, text } = keptOutlet({ ...terminal, columns: 120 }, { NO_COLOR: '1', XTERM_VERSION: '1' })
  const display = liveDisplay(outlet, options)
  display.start(inSight(() => [progressOf(stage), progressOf(stage)]))
  const before = text().length
  Object.assign(stream, { columns: 60 })
  stream.emit('resize')
  vi.advanceTimersByTime(100)
  expect(text().slice(before).split('\u001b[2K').length - 1).toBe(3)
  display.stop()
})

test('a terminal that has no size is not painted on, and cuts nothing', () => {
  for (const columns of [0, undefined]) {
    const { outlet } = keptOutlet({ isTTY: true, rows: 0, ...(columns !== undefined && { columns }) })
    expect(outlet.live).toBe(false)
    expect(outlet.columns()).toBe(Infinity)
  }
  expect(keptOutlet({ ...terminal, columns: 5 }).outlet.columns()).toBe(20)
})

test('what is printed has no control characters but colours, and those only where they are asked for', () => {
  const { outlet, text } = keptOutlet(terminal)
  outlet.print('a\u001b[31mb\u009b2J\r\u202e\nc')
  expect(text()).toBe('a\\u001b[31mb\\u009b2J\\u000d\\u202e\nc\n')
  const coloured = keptOutlet(terminal)
  coloured.outlet.printColoured(`${coloured.outlet.colours.red('x')}\u001b[2J`)
  expect(coloured.text()).toBe('\u001b[31mx\u001b[39m\\u001b[2J\n')
})

test('JSON is printed as it is', () => {
  const { outlet, text } = keptOutlet()
  const value = { name: 'a\u001b[31m\u009b\u202e' }
  outlet.printJson(JSON.stringify(value))
  expect(text()).toBe(`${JSON.stringify(value)}\n`)
  expect(JSON.parse(text())).toEqual(value)
})

test('an outlet is live on terminals only, and coloured there unless NO_COLOR says not', () => {
  expect(keptOutlet().outlet.live).toBe(false)
  expect(keptOutlet(terminal, { TERM: 'dumb' }).outlet.live).toBe(false)
  expect(keptOutlet(terminal).outlet.colours.red('x')).not.toBe('x')
  expect(keptOutlet(terminal, { NO_COLOR: '1' }).outlet.colours.red('x')).toBe('x')
  expect(keptOutlet(terminal, { FORCE_COLOR: '0' }).outlet.colours.red('x')).toBe('x')
  expect(keptOutlet().outlet.colours.red('x')).toBe('x')
  expect(keptOutlet({}, { FORCE_COLOR: '1' }).outlet.colours.red('x')).toBe('x')
  expect('정답 ▀▄█→\n').not.toMatch(controlCharacter)
})
