export { tensorflowEngine, type TensorFlowEngineOptions } from './engine.js'
export { findTensorFlow, setupTensorFlow, type TensorFlowFound } from './setup/setup.js'
