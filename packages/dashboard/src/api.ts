/**
 * What the server and the page say to each other. A path with `:id` takes the name of a run, or the id of a model, as
 * it is in a list; whatever is refused is answered by `Refused` and a status.
 */
import type { RunLabels, RunStatus } from '@gradpool/orchestrator'
import type { RunView, StageFigures, TimedEvent } from '@gradpool/report'

export interface Refused {
  /** One sentence. */
  readonly error: string
}

/** `GET /api/about` */
export interface About {
  readonly version: string
  /** The folder of runs, as it was asked for. */
  readonly folder: string
  readonly hasQueue: boolean
  /** Whether runs can be resumed from here. */
  readonly canResume: boolean
}

/**
 * `POST /api/session` with `Authorization: Bearer TOKEN`: a cookie that `EventSource` sends with each request; 204.
 * Where no token is needed, it is not needed either.
 */

/** `GET /api/runs?search=&where=&where=&sort=&limit=&offset=` */
export interface RunList {
  /** Rows that are so, before `limit` and `offset`. */
  readonly total: number
  /** Runs in the folder, whatever is asked for. */
  readonly all: number
  readonly rows: readonly RunRow[]
  /** Names of the metrics that rows have, what most have first; each can be sorted by. */
  readonly metrics: readonly string[]
  /** One sentence for each run that cannot be read. */
  readonly damaged: readonly string[]
}

/** An experiment of a run over its seeds. */
export interface RunRow {
  /** The run's name. */
  readonly id: string
  readonly experiment: string
  readonly seeds: number
  readonly status: RunStatus
  /** ISO 8601. */
  readonly started: string
  /** Of training, the mean over the seeds. */
  readonly seconds: number | null
  /** Epochs that the last stage has done, the most of all seeds. */
  readonly epochs: number
  readonly data: string
  readonly engine: string
  readonly tags: readonly string[]
  readonly note: string
  /** By name, without what they are of: of the test where it is there, else of the validation, else of the training. */
  readonly metrics: Readonly<Record<string, Spread>>
}

/** Over seeds. */
export interface Spread {
  readonly mean: number
  /** Null for one seed. */
  readonly deviation: number | null
}

/** `GET /api/events`: Server-Sent Events, `runs` without data where the list has changed; twice a second at most. */
export type ListMessage = 'runs'

/** What is told of a run besides its view. */
export interface RunState extends RunLabels {
  readonly id: string
  readonly status: RunStatus
  /** Whether a process of this machine works on it that can be asked to stop. */
  readonly canStop: boolean
  readonly canResume: boolean
}

/**
 * `GET /api/runs/:id/events`: Server-Sent Events, each with JSON as its data. `view` comes first, and again whenever
 * messages were left out because the browser did not read; then `events`, in the order of time, at most twice a
 * second; `state` where it has changed.
 */
export interface RunMessages {
  readonly view: Followed
  readonly events: readonly TimedEvent[]
  readonly state: RunState
}

/** Also `GET /api/runs/:id` */
export interface Followed {
  /** With 500 rows of a stage at most, and without samples: figures have these. */
  readonly view: RunView
  readonly state: RunState
}

/**
 * `GET /api/runs/:id/figures`: what the models of its stages show, computed where it is not there yet; takes seconds.
 */
export interface RunFigures {
  /** By the hash of the stage. */
  readonly figures: Readonly<Record<string, StageFigures>>
  /** One sentence for each figure that is left out. */
  readonly missing: readonly string[]
}

/** `GET /api/runs/:id/log?most=200`: the last lines. */
export interface RunLog {
  readonly lines: readonly LogLine[]
}

export interface LogLine {
  /** ISO 8601; null for what a resumed run printed. */
  readonly time: string | null
  readonly kind: 'event' | 'warning' | 'error' | 'output'
  readonly text: string
}

/** `POST /api/runs/:id/stop` and `POST /api/runs/:id/resume`, without a body: the state at once; it changes later. */
export type Acted = RunState

/** `POST /api/runs/:id/labels`: RunLabels */
export interface LabelsAsked {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  readonly note?: string
}

/** `GET /api/compare?run=RUN&run=RUN/EXPERIMENT&metric=`: two at least, ten at most. */
export interface Compared {
  readonly comparisons: readonly Comparison[]
}

/** What `gradpool compare --json` tells of experiments that are compared, side by side. */
export interface Comparison {
  readonly sides: readonly string[]
  /** By side. */
  readonly experiments: readonly string[]
  readonly differences: readonly {
    readonly name: string
    /** By side; null where there is no such field. */
    readonly values: readonly (string | null)[]
  }[]
  readonly results?: {
    readonly metric: string
    readonly seeds: readonly { readonly seed: number; readonly values: readonly (number | null)[] }[]
    readonly sides: readonly { readonly mean: number | null; readonly deviation: number | null }[]
    /** Of each side but the first with the first, over the seeds that both have; null for fewer than two. */
    readonly tests: readonly (PairedTest | null)[]
  }
}

/** Student's, over the seeds. */
export interface PairedTest {
  readonly difference: number
  /** Of the difference. */
  readonly error: number
  readonly t: number
  readonly degreesOfFreedom: number
  readonly p: number
}

/** `GET /api/queue`; 404 without a queue, 503 where it does not answer. */
export interface QueueTold {
  /** Without a password. */
  readonly url: string
  readonly namespace: string
  /** Nothing more is begun. */
  readonly isPaused: boolean
  readonly counts: { readonly waiting: number; readonly running: number; readonly failed: number }
  /** The first of them, as of the others: 50 of each kind for each of its queues. */
  readonly waiting: readonly JobTold[]
  readonly running: readonly JobTold[]
  readonly failed: readonly JobTold[]
  readonly machines: readonly MachineTold[]
}

export interface JobTold {
  readonly name: string
  readonly stage: string
  readonly seed: number
  readonly experiments: readonly string[]
  /** Of training; null before the first. */
  readonly step: number | null
  readonly steps: number | null
  readonly machine: string | null
  /** ISO 8601. */
  readonly added: string
  readonly error: string | null
}

export interface MachineTold {
  readonly host: string
  readonly id: string
  readonly cores: number
  readonly memoryBytes: number
  readonly engine: string
  /** Titles of what it trains. */
  readonly jobs: readonly string[]
}

/** `GET /api/models`: those that take one image, of runs and of files. */
export interface ModelList {
  readonly models: readonly ModelRow[]
}

export interface ModelRow {
  readonly id: string
  /** For people: `mnist_auto_1`, with run, seed and stage where they tell it from others. */
  readonly title: string
  /** The run's name; null for a file. */
  readonly run: string | null
  /** Height, width and channels of what it takes. */
  readonly shape: readonly [height: number, width: number, channels: 1 | 3]
  /** Names of classes; null where they have none but their numbers. */
  readonly classes: readonly string[] | null
  readonly hasClasses: boolean
  readonly hasReconstruction: boolean
  readonly hasNeighbours: boolean
  /** The command that makes neighbours; null where none can or there are some. */
  readonly indexCommand: string | null
}

/** Grey, 0 is the ground and 255 is ink; or of three channels. Row by row. */
export interface Picture {
  readonly height: number
  readonly width: number
  /** 1 where it is left out. */
  readonly channels?: 1 | 3
  readonly pixels: readonly number[]
}

/** `POST /api/models/:id/draw`: a Picture of at most 512 × 512. */
export interface Drawn {
  /** What the model was shown: as the digits of MNIST were prepared, where it takes those. */
  readonly shown: Picture
  /** The most probable first. */
  readonly classes?: readonly { readonly name: string; readonly probability: number }[]
  readonly reconstruction?: Picture
  /** The nearest first. */
  readonly neighbours?: readonly {
    readonly image: Picture
    readonly label: string | null
    /** Bits that differ. */
    readonly distance: number
  }[]
}

/** `GET /api/curves?row=RUN/EXPERIMENT&row=…`, 100 at most: of rows of the list, for a look at their shape. */
export interface RowCurves {
  /** By row; one that has no epochs yet, or is not in the list, is left out. */
  readonly curves: Readonly<
    Record<
      string,
      {
        /** `validation.loss`, or `loss` where nothing is held out. */
        readonly metric: string
        /** Of the last stage that has epochs, of its first seed: 32 at most. */
        readonly values: readonly number[]
      }
    >
  >
}
