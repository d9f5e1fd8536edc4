/**
 * Where programs, data, weights and results of jobs lie: bytes by their SHA-256, and a few names that point to them.
 *
 * Bytes of one hash are the same bytes, so that to put them twice is harmless. Names are small and can change, such as
 * `results/<numerics>/<stage>` and `checkpoints/<numerics>/<stage>`.
 */
export interface BlobStore {
  /** Without credentials, for people and records. */
  readonly address: string
  /**
   * Others see all of the bytes, or none. What the store has is not sent again, but for so little that to ask would
   * cost as much.
   *
   * @returns their SHA-256, hexadecimal
   * @throws StoreError where they cannot be written, after a few tries
   */
  put(bytes: Uint8Array): Promise<string>
  /**
   * @param most more bytes are refused before they are read
   * @throws StoreError where they are missing, too many, not those of the hash, or cannot be read, after a few tries
   */
  get(hash: string, most: number): Promise<Uint8Array>
  has(hash: string): Promise<boolean>
  /** What is not there is no failure. */
  delete(hash: string): Promise<void>
  /** At most 64 KiB; undefined where the name is not there. */
  readName(name: string): Promise<Uint8Array | undefined>
  writeName(name: string, bytes: Uint8Array): Promise<void>
  deleteName(name: string): Promise<void>
  close(): Promise<void>
}
