/**
 * The types of WebAssembly as the program's own declarations have them; without any, as in Node without the DOM's, what
 * our declarations need of them.
 */
export type WasmMemory = typeof globalThis extends { WebAssembly: { Memory: { prototype: infer Memory } } }
  ? Memory
  : { readonly buffer: ArrayBuffer }

export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object

export type WasmExports = typeof globalThis extends {
  WebAssembly: { Instance: { prototype: { exports: infer Exports } } }
}
  ? Exports
  : object
