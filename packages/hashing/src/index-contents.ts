/** The options of an index, and the contents of its file. */
import type { StoredValues, ValueKind } from './code-values.js'

/** The model that computes an index's codes. */
export interface ModelId {
  /** For people. */
  readonly name: string
  /** SHA-256 of what determines its codes, hexadecimal: models are the same if their hashes are. */
  readonly hash: string
}

export interface HashIndexOptions {
  /** Bits of a code, 1 to 256. */
  readonly bits: number
  readonly model: ModelId
  /**
   * How real-valued codes are kept for ranking: as they are (`f32`, the default), quantised to one byte per element
   * (`u8`), or not at all (`none`).
   */
  readonly values?: ValueKind | undefined
  /** The bytes of an encoder for queries, as `encoderOf` returns it. The index only stores and saves them. */
  readonly encoder?: Uint8Array | undefined
  /** A text of the caller's, such as what was encoded. */
  readonly about?: string | undefined
  /**
   * The kernels that search: `native`, `wasm`, or an instruction set of `nativeInstructionSets()` of
   * `@gradpool/engine-cpu`. All find the same. Default: native code if it is built, else WebAssembly.
   */
  readonly kernels?: string | undefined
  /** Tables (see the README) are built once the packed codes take this many bytes. Default: 2^20. */
  readonly leastTableBytes?: number | undefined
}

/** All that an index holds, as in its file. */
export interface IndexContents {
  readonly options: HashIndexOptions & { readonly values: ValueKind }
  readonly ids: Uint32Array
  /** NO_LABEL for none. */
  readonly labels: Uint8Array
  /** Packed codes if `options.values` is `none`. */
  readonly values: StoredValues
}
