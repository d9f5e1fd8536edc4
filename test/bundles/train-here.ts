/** A network that is trained with what a browser has: in one thread, without shared memory or files. */
import { adam, defineModel, locateFiles, relu } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { wasmEngine } from '@gradpool/engine-cpu'
import { accuracy, crossEntropy, dense } from '@gradpool/models'

const model = defineModel({
  params: { hidden: dense(4, 24), output: dense(24, 2) },
  step({ hidden, output }, { image, label }) {
    const logits = output(relu(hidden(image)))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
})

/**
 * @param kernels For memory that is not shared; those beside the program where there are none.
 * @returns the hash of the Program, and the weights
 */
export async function trainHere(
  threads: boolean,
  kernels?: object,
): Promise<{ readonly hash: string; readonly weights: Readonly<Record<string, number[]>> }> {
  if (kernels) locateFiles({ 'kernels-unshared.wasm': kernels })
  const engine = await wasmEngine({ threads, memoryBytes: 2 ** 24 })
  const numRows = 150
  const image = Float32Array.from({ length: 4 * numRows }, (_, i) => Math.sin(i * i))
  const label = Uint8Array.from({ length: numRows }, (_, row) => Number((image[4 * row] ?? 0) > 0))
  const fields = {
    image: { dtype: 'f32', shape: [4], values: image },
    label: { dtype: 'u8', shape: [], values: label },
  } as const
  const data = { fields, rows: Int32Array.from({ length: numRows }, (_, row) => row) }
  const program = train(model, { optimizer: adam(0.01), batchSize: 32, data })
  const execution = await engine.compile(program, { data, seed: 7 })
  await execution.run({ steps: 40 })
  const weights = Object.entries(execution.read()).map(([name, values]) => [name, Array.from(values)] as const)
  await engine.dispose()
  return { hash: program.program.hash, weights: Object.fromEntries(weights) }
}
