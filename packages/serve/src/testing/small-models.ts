/** Small saved models with initial weights. */
import { argMax, type Batch, defineModel, mean, mul, reshape, softmax } from '@gradpool/core'
import { evaluation, initialState, type TableNames } from '@gradpool/core/engine'
import { dense } from '@gradpool/models'
import { encodeModel, type TrainedModel } from '@gradpool/trainer'

const digits = defineModel({
  params: { hidden: dense(4, 6, { activation: 'sigmoid' }), output: dense(6, 3) },
  step: ({ hidden, output }, { x }: Batch<'x'>) => ({ loss: mean(output(hidden(x))) }),
  predict({ hidden, output }, { x }: Batch<'x'>) {
    const logits = output(hidden(x))
    return { probabilities: softmax(logits), digit: argMax(logits) }
  },
})

const pictures = defineModel({
  params: { output: dense(6, 2) },
  step: ({ output }, { image }: Batch<'image'>) => ({ loss: mean(output(reshape(image, [-1, 6]))) }),
  predict: ({ output }, { image, size }: Batch<'image' | 'size'>) => ({
    scaled: mul(output(reshape(image, [-1, 6])), reshape(size, [-1, 1])),
  }),
})

/** The bytes of one that reads a field `x` of four f32, and predicts `probabilities` and `digit`. */
export function digitsModel({
  seed = 0,
  table,
}: { readonly seed?: number; readonly table?: TableNames } = {}): Uint8Array {
  return savedOf(digits, { x: { dtype: 'f32', shape: [4] } }, { seed, table })
}

/** The same of one that reads two fields: bytes `image` of [2, 3] and a number `size`. */
export function picturesModel(): Uint8Array {
  const fields = { image: { dtype: 'u8', shape: [2, 3] }, size: { dtype: 'f32', shape: [] } } as const
  return savedOf(pictures, fields, { seed: 0, table: undefined })
}

function savedOf(
  model: TrainedModel['model'],
  fields: TrainedModel['fields'],
  { seed, table }: { readonly seed: number; readonly table: TableNames | undefined },
): Uint8Array {
  const { program } = evaluation(model, { batchSize: 1, data: { fields, numExamples: 1 } })
  const states = initialState(program, seed)
  return encodeModel({ model, fields, states, table, provenance: {}, metrics: {} })
}
