/**
 * What a run tells, while it goes on (events) and at its end (the result: the document that `--json` prints).
 */
import type { EpochRow, LoggedItem, Metrics, Usage } from '@gradpool/trainer'

/** One test example as the trained experiment sees it. */
export interface Sample {
  /** Pixels 0..255, row-major. */
  readonly image: readonly number[]
  readonly imageShape: readonly [number, number]
  readonly truth: number
  /** The class the classifier chose. */
  readonly estimate?: number
  /** The autoencoder's output on the 0..255 scale, row-major. */
  readonly reconstruction?: readonly number[]
}

export interface StageResult {
  readonly name: string
  readonly hash: string
  /** Trained once for several experiments of this run. */
  readonly shared: boolean
  /** Trained by an earlier run. */
  readonly reused: boolean
  readonly epochs: readonly EpochRow[]
}

export type ExperimentStatus = 'done' | 'failed' | 'interrupted'

export interface ExperimentResult {
  readonly name: string
  readonly seed: number
  /** The report's 조건. */
  readonly condition: string
  readonly status: ExperimentStatus
  /** One sentence; only where status is `failed`. */
  readonly error?: string
  /** Metrics over the test examples; null unless done. */
  readonly test: Metrics | null
  /** That of them which the report has; null unless done, and where the model gives none or it is not finite. */
  readonly accuracy: number | null
  /** The report's figure; null for experiments that are not the report's. */
  readonly reported: number | null
  /** Seconds of training in this experiment's stages; a shared stage counts in each. */
  readonly seconds: number
  /**
   * SHA-256 of the final weights: of every state of the last stage, by name in code-unit order, its name, its length
   * and its values as little-endian f32.
   */
  readonly weightsHash: string | null
  readonly stages: readonly StageResult[]
}

export interface RunResult {
  /** The run directory. */
  readonly run: string
  readonly engine: string
  /** Threads of the process that trained; null where others trained for it, as those of a queue. */
  readonly workers: number | null
  readonly seconds: number
  readonly experiments: readonly ExperimentResult[]
}

/** In the order of time; each is also a line of `events.jsonl`, with a `time`. */
export type RunEvent =
  | {
      readonly type: 'stageStarted'
      readonly stage: StageRef
      readonly epochs: number
      readonly stepsPerEpoch: number
      /** Steps that were done before, of which a checkpoint tells; 0 at the start. */
      readonly fromStep: number
      /** How many are trained on, and how many are held out: 0 where none are. */
      readonly examples: { readonly train: number; readonly validation: number; readonly test: number }
    }
  | {
      readonly type: 'epoch'
      readonly stage: StageRef
      readonly row: EpochRow
      /** Since the stage started. */
      readonly elapsedSeconds: number
    }
  /** From here on the stage runs on another number of threads than before; it starts with one. */
  | { readonly type: 'threads'; readonly stage: StageRef; readonly threads: number }
  | {
      readonly type: 'stageDone'
      readonly stage: StageRef
      readonly seconds: number
      /** Metrics over the test examples; null where there is no test. */
      readonly test: Metrics | null
      readonly samples: readonly Sample[]
    }
  | {
      /** It was done before, and is not trained again. */
      readonly type: 'stageReused'
      readonly stage: StageRef
      /** By an earlier run; else by this one, before it was cut off. */
      readonly byAnotherRun: boolean
      /** Metrics over the test examples; null where there is no test. */
      readonly test: Metrics | null
      readonly samples: readonly Sample[]
    }
  /** What a caller added to the log of a stage. Bytes are base64 in `events.jsonl`. */
  | { readonly type: 'logged'; readonly stage: StageRef; readonly item: LoggedItem }
  | { readonly type: 'stageFailed'; readonly stage: StageRef; readonly error: string }
  | { readonly type: 'experimentDone'; readonly result: ExperimentResult }
  /** A run that was cut off or interrupted is resumed. */
  | {
      readonly type: 'resumed'
      /** What ended the process before, such as SIGSEGV, where it was started again for that. */
      readonly after?: string
    }
  /** What the process of the run took of its machine, from time to time; over a queue, that is not who trains. */
  | ({ readonly type: 'usage' } & Usage)
  /** Something is wrong that stops no stage, such as a log that cannot be written. */
  | { readonly type: 'warning'; readonly message: string }

export interface StageRef {
  readonly hash: string
  readonly name: string
  readonly seed: number
  /** Names of the experiments that wait for this stage, the first one giving it its title. */
  readonly experiments: readonly string[]
}

/** A running stage, read on a timer from shared words. */
export interface StageProgress {
  readonly stage: StageRef
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly steps: number
  /** Scalar results of the last step, `loss` among them. */
  readonly last: Readonly<Record<string, number>>
  readonly stepsPerSecond: number
  /** Null while there is no estimate. */
  readonly secondsLeft: number | null
}

/** A run that goes on, as whoever shows it sees it. */
export interface RunInSight {
  /** The stages that are training now. */
  progress(): StageProgress[]
  /** Of all that is left, as it would be without early stopping; null while there is no estimate. */
  secondsLeft(): number | null
}
