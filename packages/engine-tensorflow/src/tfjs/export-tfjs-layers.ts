/**
 * Exports a trained model of dense layers in the format of tfjs: `model.json` and `weights.bin`, for
 * `tf.loadLayersModel`.
 */
import { sizeOf } from '@gradpool/core/engine'
import { makeDirectories, writeAllDurably, type SavedModel } from '@gradpool/storage'
import { predictionProgram, stateOf, type TrainedModel } from '../prediction-graph.js'
import { denseChain, type ChainLayer } from './dense-layers.js'

/**
 * @param output the prediction to export, such as `logits`
 * @throws UserError for a model that is not a chain of dense layers, or a missing state
 */
export async function exportTfjsLayers(model: TrainedModel | SavedModel, output: string, dir: string): Promise<void> {
  const { program, state } = predictionProgram(model)
  const chain = denseChain(program, output)
  const weights: { name: string; shape: number[]; dtype: 'float32' }[] = []
  const values: Float32Array[] = []
  const keep = (name: string, shape: number[], own: string) => {
    weights.push({ name, shape, dtype: 'float32' })
    values.push(stateOf(state, own, sizeOf(shape)))
  }
  const layers = chain.layers.map((layer, index) => {
    const name = `${layer.kind}_${index}`
    if (layer.kind === 'dense') {
      const { numInputs, units, weight, bias } = layer
      keep(`${name}/kernel`, [numInputs, units], weight)
      if (bias !== undefined) keep(`${name}/bias`, [units], bias)
    }
    const first = index === 0 ? { batch_input_shape: [null, ...chain.inputShape], dtype: 'float32' } : {}
    return { class_name: CLASS_NAMES[layer.kind], config: { name, ...configOf(layer), ...first } }
  })
  const document = {
    format: 'layers-model',
    generatedBy: 'Gradpool',
    convertedBy: null,
    modelTopology: {
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
      model_config: { class_name: 'Sequential', config: { name: 'gradpool', layers } },
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  }
  await makeDirectories(dir)
  await writeAllDurably(dir, {
    'weights.bin': Buffer.concat(values.map(bytesOf)),
    'model.json': `${JSON.stringify(document, null, 2)}\n`,
  })
}

const CLASS_NAMES = {
  activation: 'Activation',
  dense: 'Dense',
  flatten: 'Flatten',
  rescaling: 'Rescaling',
} as const

function configOf(layer: ChainLayer): Record<string, unknown> {
  switch (layer.kind) {
    case 'dense':
      return { units: layer.units, activation: 'linear', use_bias: layer.bias !== undefined }
    case 'activation':
      return { activation: layer.activation }
    case 'rescaling':
      return { scale: layer.scale, offset: 0 }
    case 'flatten':
      return {}
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
