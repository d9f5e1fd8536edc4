/**
 * Encoders: what makes codes of images, apart from the run that trained it.
 *
 * An encoder is a Program and its weights, both data, so it can be kept with the codes it made and make those of queries
 * wherever these are asked. Its Program is of one batch of a fixed size: an example's code does not depend on what else is
 * in the batch.
 */
import {
  invariant,
  prune,
  stateSizes,
  UserError,
  type Engine,
  type Program,
  type Split,
  type StateValues,
} from '@gradpool/core'
import { weightsHash } from '@gradpool/storage'
import type { ModelId } from './index-contents.js'
import { MAX_BITS } from './pack-codes.js'

export interface Encoder {
  /** Its name and the hash of its weights. */
  readonly model: ModelId
  /** Width of the codes. */
  readonly bits: number
  /** Has the result `code` [batch, bits] of the field `image` [batch, …]. */
  readonly program: Program
  readonly state: StateValues
}

/**
 * @param name Of the model, for people.
 * @param whole Its states that no code depends on are left aside.
 * @param state By name; others than the program's are left aside, too.
 * @throws UserError where the program makes no codes, or a state is missing or of another size
 */
export function makeEncoder(name: string, whole: Program, state: StateValues): Encoder {
  const { bits } = extents(whole)
  // Such as the decoder of an autoencoder, which only encodes here.
  const program = prune(whole, { keepStates: false })
  const own: Record<string, Float32Array> = {}
  for (const [weight, size] of stateSizes(program)) {
    const values = state[weight]
    if (values?.length !== size) {
      const found = values === undefined ? 'none' : String(values.length)
      throw new UserError(
        `the encoder of ${name} needs ${size} values of '${weight}', and there are ${found}`,
      )
    }
    own[weight] = values
  }
  return { model: { name, hash: weightsHash(own) }, bits, program, state: own }
}

/**
 * The codes of images, real-valued, row-major [rows, bits], in the order of the rows.
 *
 * The engine runs a step for each batch, over data in its memory where they are from its `allocate`.
 *
 * @throws UserError where the images are not of the encoder's size
 */
export async function encode(
  { program, state, bits }: Encoder,
  { engine, data: { fields, rows } }: { readonly engine: Engine; readonly data: Split },
): Promise<Float32Array> {
  const { batchSize } = extents(program)
  const numBatches = Math.ceil(rows.length / batchSize)
  if (numBatches === 0) return new Float32Array()
  // The last batch is filled up with any row; what comes of it is left aside.
  const whole = new Int32Array(numBatches * batchSize).fill(rows[0] ?? 0)
  whole.set(rows)
  const batches = { program, batchSize, numExamples: whole.length, shuffle: false, metrics: [] }
  const data = { fields, rows: whole }
  const execution = await engine.compile(batches, { data, state, seed: 0 })
  try {
    const { rows: collected } = await execution.run({ steps: numBatches })
    invariant(collected.code !== undefined, 'an encoder has codes')
    return collected.code.slice(0, rows.length * bits)
  } finally {
    execution.dispose()
  }
}

/** @throws UserError where the program makes no codes */
function extents(program: Program): { readonly batchSize: number; readonly bits: number } {
  const code = program.results.find(({ name }) => name === 'code')
  const [batchSize = 0, bits = 0, ...more] = code?.rows ? program.node(code.node).shape : []
  if (batchSize >= 1 && bits >= 1 && bits <= MAX_BITS && more.length === 0)
    return { batchSize, bits }
  throw new UserError(`an encoder has the result 'code', [batch, 1 to ${MAX_BITS}]`)
}
