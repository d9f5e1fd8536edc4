import * as here from '#native'
import type * as native from './native.js'

export { flushesDenormals, flushingDenormals } from './denormals.js'
export { OutOfMemory } from './arena.js'
export type { CpuEngineOptions } from './engine.js'
export { type BegunScan, PackedCodes, type PackedCodesOptions } from './hamming/packed-codes.js'
export type { NearBounds, NearRows, ScanTask } from './hamming/scan.js'
export { BLOCK_ROWS } from './hamming/words.js'
export { wasmBuilds, wasmEngine, type WasmEngineOptions } from './wasm-engine.js'
export type { NativeEngineOptions } from './native-engine.js'

// Constants, since declarations that name '#native' are none to resolvers that do not know `imports` (node10).
export const hasNativeCode: typeof native.hasNativeCode = here.hasNativeCode
export const nativeEngine: typeof native.nativeEngine = here.nativeEngine
export const nativeInstructionSets: typeof native.nativeInstructionSets = here.nativeInstructionSets
export const setupNative: typeof native.setupNative = here.setupNative
export const whyNotNative: typeof native.whyNotNative = here.whyNotNative
