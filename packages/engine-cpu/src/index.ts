export { wasmEngine, type WasmEngineOptions } from './engine.js'
