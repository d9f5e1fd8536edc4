export { toOnnx, type OnnxOptions } from './to-onnx.js'
