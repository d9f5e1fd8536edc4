import { relu, defineModel, UserError, type Batch } from '@gradpool/core'
import { initialState, prediction, Program } from '@gradpool/core/engine'
import { dense } from '@gradpool/models'
import { decodeSavedModel, encodeSavedModel } from '@gradpool/storage'
import { Mutations } from '@gradpool/engine-contract/mutations'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { encodeModel } from '../saved-model/save-model.js'
import { loadModel } from '../saved-model/load-model.js'
import { tracePrediction } from '../saved-model/trace-rows.js'
import { images, smallTrained } from '../testing/small-model.js'
import { Predictor } from './predictor.js'

const wide = 1500
const fields = { x: { dtype: 'f32', shape: [wide] } } as const

/** A prediction whose row is some milliseconds of work. */
async function largePredictor(): Promise<Predictor> {
  const model = defineModel({
    params: { hidden: dense(wide, wide), output: dense(wide, wide) },
    step: () => {
      throw new Error('it is not trained')
    },
    predict: ({ hidden, output }, { x }: Batch<'x'>) => ({ y: output(relu(hidden(x))) }),
  })
  const { program } = prediction(model, { batchSize: 1, data: { fields, numExamples: 1 } })
  const predict = tracePrediction(model, fields)
  if (!predict) throw new Error('it predicts')
  return Predictor.create(predict, initialState(program, 0))
}

const rowsOf = (count: number) => Float32Array.from({ length: count * wide }, (_, i) => ((i * 13) % 97) / 97)

describe('large predictions', () => {
  it('are done on another thread, with the same bits, while this one serves others', async () => {
    const predictor = await largePredictor()
    const x = rowsOf(70)
    const [{ y: alone }, { y: many }] = await Promise.all([
      predictor.predict({ x: x.subarray(0, wide) }),
      predictor.predict({ x }),
    ])
    expect(many?.subarray(0, wide)).toEqual(alone)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    let turns = 0
    let isDone = false
    const count = () => {
      turns++
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    await predictor.predict({ x })
    isDone = true
    delay.disable()
    expect(turns).toBeGreaterThan(20)
    await predictor.dispose()
  })

  it('give a row the same bits among any number of others', async () => {
    const predictor = await largePredictor()
    const counts = [1, 5, 20, 90]
    const [alone, five, twenty, many] = await Promise.all(
      counts.map(async (rows) => (await predictor.predict({ x: rowsOf(rows) })).y),
    )
    expect(five?.subarray(0, wide)).toEqual(alone)
    expect(twenty?.subarray(0, 5 * wide)).toEqual(five)
    expect(many?.subarray(0, 20 * wide)).toEqual(twenty)
    await predictor.dispose()
  })

  it('have ended when the predictor is disposed of', async () => {
    const predictor = await largePredictor()
    const late = predictor.predict({ x: rowsOf(3) })
    await predictor.dispose()
    expect((await late).y?.length).toBe(3 * wide)
    await expect(predictor.predict({ x: rowsOf(1) })).rejects.toThrow('this model was disposed')
  })

  it('fail with the message of a field that is wrong, and no other', async () => {
    const predictor = await largePredictor()
    const x = rowsOf(3)
    const [first, wrong, last] = await Promise.allSettled([
      ...[predictor.predict({ x }), predictor.predict({ x: x.subarray(1) }), predictor.predict({ x })],
    ])
    expect(wrong?.status).toBe('rejected')
    expect(first).toEqual(last)
    await predictor.dispose()
  })
})

describe('little predictions in a loop', () => {
  it('leave the event loop its turns', async () => {
    await using model = await loadModel(encodeModel(smallTrained()))
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const image = images(1)
    // Where it gets none, the timer never comes.
    for (let i = 0; i < 1e6 && turns <= 5; i++) await model.predict({ image })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
  })
})

describe('Programs from a file that was changed', () => {
  it('are refused, or predict something', { timeout: 60_000 }, async () => {
    const { predict, ...content } = decodeSavedModel(encodeModel(smallTrained()), 'it')
    if (!predict) throw new Error('it predicts')
    const mutations = new Mutations(3)
    let predicted = 0
    for (let i = 0; i < 400; i++) {
      const [row, block] = [predict.row, predict.block].map((program) => mutations.json(JSON.stringify(program)))
      try {
        const changed = {
          ...predict,
          row: i % 2 === 0 ? Program.fromJSON(JSON.parse(row ?? '')) : predict.row,
          block: i % 2 === 1 ? Program.fromJSON(JSON.parse(block ?? '')) : predict.block,
        }
        const model = await loadModel(encodeSavedModel({ ...content, predict: changed }))
        await model.predict({ image: images(1 + 300 * (i % 2)) })
        await model.dispose()
        predicted++
      } catch (error) {
        if (!(error instanceof UserError) && !(error instanceof SyntaxError)) throw error
      }
    }
    expect(predicted).toBeGreaterThan(5)
  })
})
