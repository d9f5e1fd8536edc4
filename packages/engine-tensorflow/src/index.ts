export { tensorflowEngine, type TensorFlowEngineOptions } from './engine.js'
export { exportSavedModel, type TrainedModel } from './export-saved-model.js'
export { findTensorFlow, setupTensorFlow, type TensorFlowFound } from './setup/setup.js'
export { exportTfjsLayers } from './tfjs/export-tfjs-layers.js'
export {
  fromTfjsLayers,
  type FromTfjs,
  type FromTfjsOptions,
  type TfjsLayer,
  type TfjsSequential,
} from './tfjs/from-tfjs-layers.js'
