import { Program, type BatchProgram } from '@gradpool/core/engine'
import { expect, it } from 'vitest'
import { trainingHash, type TrainingDeterminants } from './training-hash.js'

const program: BatchProgram = {
  batchSize: 2,
  numExamples: 4,
  shuffle: true,
  program: new Program({ nodes: [], inputs: [], updates: [], results: [] }),
  metrics: [],
}
const data = { dataset: 'd', part: 'train', rows: Int32Array.of(0, 1, 2, 258) } as const

const stage: TrainingDeterminants = {
  seed: 0,
  epochs: 2,
  keep: 'last',
  training: { program, data },
  validation: undefined,
  test: { program: { ...program, shuffle: false }, data: { ...data, part: 'test', rows: null } },
  samples: undefined,
  initFrom: { hash: 'h', states: ['a'] },
}

it('stays what it is, or finished stages of earlier versions would not be found', () => {
  expect(trainingHash(stage)).toMatchInlineSnapshot(
    `"696e81b3ba9932ac4d7f081bf9c446f47ed43a8a6ce442822b500d7f87b26856"`,
  )
})

it('changes with each thing that determines the result', () => {
  const changed: Partial<TrainingDeterminants>[] = [
    {},
    { seed: 1 },
    { epochs: 3 },
    { keep: 'best' },
    { monitor: { name: 'loss', mode: 'min' } },
    { monitor: { name: 'loss', mode: 'max' } },
    { earlyStopping: { monitor: { name: 'loss', mode: 'min' }, patience: 1, minDelta: 0 } },
    { training: { program, data: { ...data, rows: Int32Array.of(1, 0, 2, 258) } } },
    { training: { program, data: { ...data, dataset: 'e' } } },
    { training: { program: { ...program, batchSize: 4 }, data } },
    { training: { program: { ...program, shuffle: false }, data } },
    { training: { program: { ...program, tail: program.program }, data } },
    ...[1, 2].map((patience) => {
      return { training: { program: { ...program, plateaus: [{ state: 's', patience, minDelta: 0 }] }, data } }
    }),
    ...['r2', 'counts', () => 1, () => 2].map((finish) => {
      const metric = { name: 'm', kind: 'means', results: { all: 'm/all' }, finish } as const
      return { training: { program: { ...program, metrics: [metric] }, data } }
    }),
    { validation: stage.training },
    { test: undefined },
    { samples: stage.training },
    { averaging: { every: 1, replicas: [stage.training] } },
    { averaging: { every: 2, replicas: [stage.training] } },
    { averaging: { every: 1, replicas: [stage.training, stage.training] } },
    { initFrom: undefined },
    { initFrom: { hash: 'i', states: ['a'] } },
    { initFrom: { hash: 'h', states: ['a', 'b'] } },
  ]
  const hashes = changed.map((change) => trainingHash({ ...stage, ...change }))
  expect(new Set(hashes).size).toBe(hashes.length)
})
