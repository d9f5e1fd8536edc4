/**
 * What an index is made with, and what its file holds.
 */
import type { StoredValues, ValueKind } from './code-values.js'

/** The encoder that makes an index's codes. */
export interface ModelId {
  /** For people. */
  readonly name: string
  /** SHA-256 of what makes its codes, hexadecimal: what tells models apart. */
  readonly hash: string
}

export interface HashIndexOptions {
  /** Bits of a code, 1 to 256. */
  readonly bits: number
  readonly model: ModelId
  /**
   * What is kept of the real-valued codes, to rank by: all (`f32`, the default), a byte each
   * (`u8`), or nothing but their bits (`none`).
   */
  readonly values?: ValueKind | undefined
  /** What encodes queries, as of `encoderOf`: kept and saved as it is, and never read. */
  readonly encoder?: Uint8Array | undefined
  /** A text of the caller's own, such as what was encoded. */
  readonly about?: string | undefined
  /**
   * What counts bits: `native` code, `wasm`, or an instruction set that `nativeInstructionSets()`
   * of `@gradpool/engine-cpu` names. They find the same. Default: native code where it is built.
   */
  readonly kernels?: string | undefined
  /** Tables (see the README) are made once packed codes take so many bytes. Default: 2^20. */
  readonly leastTableBytes?: number | undefined
}

/** All that an index holds, as a file has it. */
export interface IndexContents {
  readonly options: HashIndexOptions & { readonly values: ValueKind }
  readonly ids: Uint32Array
  /** NO_LABEL for none. */
  readonly labels: Uint8Array
  /** Of kind `none`: packed codes. */
  readonly values: StoredValues
}
