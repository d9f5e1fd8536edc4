import { expect, test } from 'vitest'
import { eventsOf, experimentOf, resultOf, sampleOf, stageOf } from '../testing/fake-run.js'
import { controlCharacter, keptOutlet } from '../testing/streams.js'
import { printOutcome, sampleKeeper } from './outcome.js'

const shared = stageOf('autoencode', ['a', 'b'])
const own = (name: string) => stageOf('classify', [name])
const experiment = (name: string, seed = 0) =>
  experimentOf(name, {
    seed,
    stages: [shared, own(name)].map(({ name, hash }) => {
      return { name, hash, shared: hash === shared.hash, reused: false, epochs: [] }
    }),
  })

function outcomeOf(result: ReturnType<typeof resultOf>, quiet = false): string {
  const { outlet, text } = keptOutlet()
  const { samples, onEvent } = sampleKeeper()
  const reconstructed = [sampleOf(1, { reconstruction: new Array<number>(784).fill(0) })]
  const judged = [sampleOf(1, { estimate: 7, image: new Array<number>(784).fill(255) })]
  const events = [
    ...eventsOf(shared, { samples: reconstructed }),
    ...['a', 'b'].flatMap((name) => eventsOf(own(name), { samples: judged })),
  ]
  events.forEach(onEvent)
  printOutcome(outlet, result, { samples, quiet, inReportWords: (name) => name === 'a' })
  return text()
}

test('digits, table, summary; a shared stage is drawn once', () => {
  const text = outcomeOf(resultOf([experiment('a'), experiment('b'), experiment('a', 1)]))
  expect(text.trimEnd().split('\n').at(-1)).toBe(
    '3 experiments done in 58.3 s, 2 workers, engine wasm; kept in runs/some-run',
  )
  const queued = outcomeOf({ ...resultOf([experiment('a')]), workers: null })
  expect(queued.trimEnd().split('\n').at(-1)).toBe('1 experiment done in 58.3 s, over a queue; kept in runs/some-run')
  expect(text.indexOf('Model b Visualization')).toBeLessThan(text.indexOf('share one'))
  expect(text.match(/→/g)).toHaveLength(1)
  expect(text).toContain('Model b Visualization\n(autoencode: as for a)\n')
  expect(text).toContain('정답 [1] vs. 추정 [7]')
  expect(text).toContain('truth [1] vs. estimate [7]')
})

test('what is not done has no digits, and the summary counts it out', () => {
  const failed = experimentOf('b', { status: 'failed', accuracy: null, error: 'why' })
  const text = outcomeOf(resultOf([experiment('a'), failed]))
  expect(text).toContain('1 of 2 experiments done')
  expect(text).not.toContain('Model b Visualization')
})

test('quiet is the table and its remarks', () => {
  const lines = outcomeOf(resultOf([experiment('a')]), true)
    .trimEnd()
    .split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[3]).toContain('share one autoencode stage')
})

test('names, conditions and messages get no command to a terminal', () => {
  const hostile = '\u001b[2J\u009b1m\r\u202e\nx'
  const failed = experimentOf(`b${hostile}`, { status: 'failed', condition: `c${hostile}`, error: `e${hostile}` })
  const done = experimentOf('own', { reported: null, condition: '', test: { loss: 1, [`m${hostile}`]: 1 } })
  const text = outcomeOf({ ...resultOf([failed, done]), run: `runs/${hostile}` })
  expect(text).not.toMatch(controlCharacter)
  expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
  for (const letter of ['b', 'c', 'e', 'test.m']) expect(text).toContain(`${letter}\\u001b[2J`)
})
