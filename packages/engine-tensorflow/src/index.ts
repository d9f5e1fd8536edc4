export { tensorflowEngine, type TensorFlowEngineOptions } from './engine.js'
export { exportSavedModel } from './export-saved-model.js'
export type { TrainedModel } from './prediction-graph.js'
export { findTensorFlow, setupTensorFlow, type TensorFlowFound } from './setup/setup.js'
export { exportTfjsGraph } from './tfjs/export-tfjs-graph.js'
export { exportTfjsLayers } from './tfjs/export-tfjs-layers.js'
export {
  fromTfjsLayers,
  type FromTfjs,
  type FromTfjsOptions,
  type TfjsLayer,
  type TfjsSequential,
} from './tfjs/from-tfjs-layers.js'
