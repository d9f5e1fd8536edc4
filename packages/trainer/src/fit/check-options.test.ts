import { describe, expect, it } from 'vitest'
import { checkOptions } from './check-options.js'

const data = { image: { values: new Float32Array(4), shape: [2] } }
const refusal = (options: object): string => {
  try {
    checkOptions('fit', { data, ...options })
  } catch (error) {
    if (error instanceof Error && error.name === 'UserError') return error.message
    throw error
  }
  return ''
}

describe('options of fit', () => {
  it('may all be left out but for the data', () => {
    expect(refusal({})).toBe('')
    expect(refusal({ validation: undefined, epochs: undefined })).toBe('')
    expect(() => checkOptions('fit', {})).toThrow('fit needs the option data: a data set, such as')
    expect(() => checkOptions('fit', 3)).toThrow('fit takes its options as an object')
  })

  it.each([
    [{ epochs: 0 }, 'epochs must be a whole number of at least 1, not 0'],
    [{ epochs: 1.5 }, 'epochs must be a whole number of at least 1, not 1.5'],
    [{ epochs: '3' }, "epochs must be a whole number of at least 1, not '3'"],
    [{ batchSize: -1 }, 'batchSize must be a whole number of at least 1, not -1'],
    [{ workers: NaN }, 'workers must be a whole number of at least 1 and at most 1024, not NaN'],
    [{ seed: 2 ** 32 }, 'seed must be a whole number of at least 0 and at most 4294967295, not 4294967296'],
    [
      { validation: 1.5 },
      'validation must be a share above 0 and below 1, a whole number of examples, or a data set of its own, not 1.5',
    ],
    [{ validation: -3 }, /^validation must be a share .* not -3$/],
    [{ test: 'x' }, /^test must be a share .* not 'x'$/],
    [{ optimizer: 'adam' }, "optimizer must be an optimizer, such as adam(), not 'adam'"],
    [{ keep: 'first' }, "keep must be 'last' or 'best', not 'first'"],
    [
      { engine: 3 },
      "engine must be 'auto' or 'native' or 'wasm' or 'tensorflow', the module of another engine, or an engine, not 3",
    ],
    [{ earlyStopping: 5 }, 'earlyStopping must be an object: { patience, monitor?, minDelta?, mode? }, not 5'],
    [{ earlyStopping: {} }, 'earlyStopping needs patience: how many epochs to wait, a whole number of at least 1'],
    [{ earlyStopping: { patience: 0 } }, 'earlyStopping.patience must be a whole number of at least 1, not 0'],
    [{ earlyStopping: { patience: 1, minDelta: -1 } }, 'earlyStopping.minDelta must be a number of at least 0, not -1'],
    [{ earlyStopping: { patience: 1, mode: 'up' } }, "earlyStopping.mode must be 'min' or 'max', not 'up'"],
    [{ earlyStopping: { patiense: 1 } }, "earlyStopping has no option 'patiense'; it has 'patience'"],
    [{ signal: {} }, 'signal must be an AbortSignal, not {}'],
    [{ onEpoch: 'log' }, "onEpoch must be a function, not 'log'"],
    [{ directory: '' }, "directory must be the path of a folder, not ''"],
    [{ checkpointSeconds: 0 }, 'checkpointSeconds must be a positive number, not 0'],
    [{ averageParts: 2 }, 'averageParts is of no use without averageEvery'],
    [{ averageEvery: 3, microBatches: 2 }, /^averageEvery and microBatches exclude each other/],
    [{ epoch: 3 }, "fit has no option 'epoch'; it has 'epochs'"],
    [{ batchsize: 3 }, "fit has no option 'batchsize'; it has 'batchSize'"],
    [{ colour: 'red' }, /^fit has no option 'colour'; its options are data, /],
  ])('%o is refused in one sentence', (options, message) => {
    const given = refusal(options)
    if (typeof message === 'string') expect(given).toBe(message)
    else expect(given).toMatch(message)
  })
})

it('names what took the options', () => {
  expect(() => checkOptions('startTraining', { fields: {}, epochs: 3 })).toThrow(
    "startTraining has no option 'epochs'; its options are fields, optimizer,",
  )
  expect(() => checkOptions('fit of a loaded model', { data, optimizer: {} })).toThrow(
    "fit of a loaded model has no option 'optimizer'; its options are",
  )
})
