export { tensorflowEngine, type TensorFlowEngineOptions } from './engine.js'
export { isTensorFlowHere } from './tensorflow.js'
