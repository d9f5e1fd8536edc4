/**
 * What a job of the queue says: hashes and small numbers; no code, no paths, nothing that is evaluated. A job is a
 * stage that is ready to be trained: what it starts from is done.
 */

/** Bytes: as base64 where they are few, else by their hash in the store. */
export type Content = { readonly inline: string } | { readonly blob: string; readonly bytes: number }

/** The most bytes of a `Content` that lie in the queue itself. */
export const MOST_INLINE_BYTES = 16_384

export interface StageJob {
  readonly format: 1
  /** The hash of the stage, of all that determines its result; the job's name in the queue, too. */
  readonly stage: string
  /** See `Engine.numerics`: a part of the queue's name, so that no other worker is given the job. */
  readonly numerics: string
  /** The plan's document: see documents/plan-document.ts. */
  readonly plan: Content
  /** First values of the states that come from the stage before, as safetensors; null for none. */
  readonly state: Content | null
  /** For people, as events name it. */
  readonly title: { readonly name: string; readonly seed: number; readonly experiments: readonly string[] }
  /** The most training that a lost machine costs, in seconds. */
  readonly checkpointSeconds: number
  /** A step that takes longer is started again, in seconds. */
  readonly stallSeconds: number
  /** The address and the token of the store that the submitting process serves; null for the workers' own. */
  readonly store: { readonly address: string; readonly token: string } | null
}

/** What a job that is done returns. A training that failed by itself, as by a loss that is not finite, is done, too. */
export interface StageJobResult {
  /** The outcome's document: see documents/outcome-document.ts. */
  readonly outcome: Content
  /** The worker that trained it, for people. */
  readonly worker: string
}
