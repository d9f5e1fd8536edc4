export { flushesDenormals, flushingDenormals } from './denormals.js'
export { OutOfMemory } from './arena.js'
export type { CpuEngineOptions } from './engine.js'
export { type BegunScan, PackedCodes, type PackedCodesOptions } from './hamming/packed-codes.js'
export type { NearBounds, NearRows, ScanTask } from './hamming/scan.js'
export { BLOCK_ROWS } from './hamming/words.js'
export {
  hasNativeCode,
  nativeEngine,
  type NativeEngineOptions,
  nativeInstructionSets,
  setupNative,
  whyNotNative,
} from '#native'
export { wasmBuilds, wasmEngine, type WasmEngineOptions } from './wasm-engine.js'
