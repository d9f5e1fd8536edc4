export { tensorflowEngine, type TensorFlowEngineOptions } from './engine.js'
