/** Gradpool's engines, many steps per call. */
import { adam } from '@gradpool/core'
import { train } from '@gradpool/core/engine'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'
import { autoencode, mlp } from '@gradpool/models'

/** Name → maker of an engine; `native` where set-up found a compiler. */
export const engines = {
  wasm: wasmEngine,
  ...(nativeInstructionSets().length > 0 && { native: nativeEngine }),
}

/** Where it was set up. */
const tensorflow = async () => {
  const { tensorflowEngine } = await import('@gradpool/engine-tensorflow')
  return tensorflowEngine()
}

/** A workload's examples. */
export function splitOf({ layers, numExamples }, { pixels, labels }) {
  return {
    fields: {
      image: { dtype: 'u8', shape: [layers[0]], values: pixels },
      label: { dtype: 'u8', shape: [], values: labels },
    },
    rows: Int32Array.from({ length: numExamples }, (_, row) => row),
  }
}

/** The Program of a workload's training step. */
export function trainingOf({ layers, batchSize, kind }, data, optimizer = adam(), shards = 1) {
  const code = (layers.length - 1) / 2
  const stage =
    kind === 'autoencode'
      ? autoencode({
          input: layers[0],
          encoder: layers.slice(1, code + 1),
          decoder: layers.slice(code + 1),
          outputActivation: 'relu',
          scale: 1 / 255,
        })
      : mlp({
          input: layers[0],
          hidden: layers.slice(1, -1),
          classes: layers.at(-1),
          scale: 1 / 255,
        })
  return train(stage, { optimizer, batchSize, data, microBatches: shards })
}

/** A compiled execution of a workload. */
export async function compile(engine, workload, values) {
  const data = splitOf(workload, values)
  return engine.compile(trainingOf(workload, data), { data, seed: 0 })
}

export async function makeRunner(name, workload, data) {
  const engine = await { ...engines, tensorflow }[name]()
  const execution = await compile(engine, workload, data)
  return {
    name: `gradpool ${name}`,
    /** Runs steps; the last loss. */
    async run(steps) {
      const { status, lastLoss } = await execution.run({ steps })
      if (status !== 'done') throw new Error(`gradpool: ${status}`)
      return lastLoss
    },
    dispose: () => engine.dispose(),
  }
}
