/** An optional peer of 290 MB: its interface is that of onnxruntime-common, of 1 MB. */
declare module 'onnxruntime-node' {
  export { InferenceSession, Tensor } from 'onnxruntime-common'
}
