import type { NamedArray } from '@gradpool/storage'

/** A tensor of a file, or one that was made of some. */
export interface SourceTensor extends NamedArray {
  /** Its name in the file. */
  readonly source: string
}

/** By name, a path with dots. */
export type Tensors = ReadonlyMap<string, SourceTensor>
