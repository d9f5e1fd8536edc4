/**
 * What a job of the queue says: hashes and small numbers; no code, no paths, nothing that is evaluated. A job is a
 * stage that is ready to be trained: what it starts from is done. Or it is a part of one, where a stage is trained over
 * machines.
 */

/** Bytes: as base64 where they are few, else by their hash in the store. */
export type Content = { readonly inline: string } | { readonly blob: string; readonly bytes: number }

/** The most bytes of a `Content` that lie in the queue itself. */
export const MOST_INLINE_BYTES = 16_384

interface JobBase {
  readonly format: 1
  /** The hash of the stage, of all that determines its result. */
  readonly stage: string
  /** See `Engine.numerics`: a part of the queue's name, so that no other worker is given the job. */
  readonly numerics: string
  /** The plan's document: see documents/plan-document.ts. */
  readonly plan: Content
  /** For people, as events name it. */
  readonly title: { readonly name: string; readonly seed: number; readonly experiments: readonly string[] }
  /** A step that takes longer is started again, in seconds. */
  readonly stallSeconds: number
  /** The address and the token of the store that the submitting process serves; null for the workers' own. */
  readonly store: { readonly address: string; readonly token: string } | null
}

/** Its name in the queue is its stage. */
export interface StageJob extends JobBase {
  readonly kind: 'stage'
  /** First values of the states that come from the stage before, as safetensors; null for none. */
  readonly state: Content | null
  /** The most training that a lost machine costs, in seconds. */
  readonly checkpointSeconds: number
}

/** A replica's part of a round of averaging; see `segmentName` for its name. */
export interface SegmentJob extends JobBase {
  readonly kind: 'segment'
  readonly replica: number
  /** The states that the round begins with: see documents/segment-document.ts. */
  readonly state: Content
  /** The replica's steps before the round, and those of the round. */
  readonly step: number
  readonly steps: number
  /** 0, or more where others of the same segment take too long. */
  readonly copy: number
}

export type QueueJob = StageJob | SegmentJob

/** What a job that is done returns. A training that failed by itself, as by a loss that is not finite, is done, too. */
export interface StageJobResult {
  /** The outcome's document: see documents/outcome-document.ts. */
  readonly outcome: Content
  /** The worker that trained it, for people. */
  readonly worker: string
}
