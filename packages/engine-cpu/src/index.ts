export type { CpuEngineOptions } from './engine.js'
export { nativeEngine, nativeInstructionSets, type NativeEngineOptions } from './native-engine.js'
export { wasmEngine } from './wasm-engine.js'
