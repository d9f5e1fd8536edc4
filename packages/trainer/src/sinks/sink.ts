/**
 * Sinks: where the log of a training goes besides its result, such as the files of another tool. A sink gets events,
 * one after the other, off the training's path; `SinkFeed` feeds it.
 */
import type { Program } from '@gradpool/core/engine'
import type { EpochRow, Metrics } from '../metrics/epoch-row.js'

export interface Sink {
  /** What warnings call it: `TensorBoard`. */
  readonly name: string
  /**
   * Whose weights it wants to be told: those after every so many epochs and at the end, or at the end alone. Default:
   * none, so that nobody copies them.
   */
  readonly weightsEvery?: number | 'end'
  /**
   * Called with one event at a time; the next waits for the promise. What it throws is told once, and ends this sink
   * alone.
   */
  write(event: LogEvent): unknown
  /** Called when no event waits: what was gathered is to be written now. */
  flush?(): unknown
  /** Called once, after the last event. */
  close?(): unknown
}

/** A picture: its values, row-major, `[height, width]` or `[height, width, channels]`. */
export interface LoggedImage {
  readonly values: ArrayLike<number>
  readonly shape: readonly [number, number] | readonly [number, number, 1 | 3 | 4]
  /** The values of black and of white. Default: 0 and 255. */
  readonly range?: readonly [number, number]
}

export interface LoggedTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | boolean | null)[])[]
}

/** What a callback adds to the log. */
export interface Log {
  image(name: string, image: LoggedImage): void
  table(name: string, table: LoggedTable): void
  file(name: string, contents: Uint8Array | string): void
}

/** Parameters and buffers by name. */
export type LoggedWeights = Readonly<Record<string, Float32Array>>

export type ParamValue = string | number | boolean

/** What happens to a training. */
export type LogItem =
  | {
      readonly type: 'started'
      readonly epochs: number
      /** Options, seed and data, those of options by path: `optimizer.learningRate`. */
      readonly params: Readonly<Record<string, ParamValue>>
      /** What the model computes. */
      readonly program: Program
    }
  | { readonly type: 'epoch'; readonly row: EpochRow; readonly weights?: LoggedWeights }
  | LoggedItem
  /** Of the whole process, from time to time. */
  | {
      readonly type: 'usage'
      /** Since the log began. */
      readonly seconds: number
      /** How many cores were busy. */
      readonly cores: number
      readonly memoryBytes: number
    }
  | {
      readonly type: 'ended'
      readonly status: TrainingEnd
      /** The last one. */
      readonly epoch: number
      /** Metrics over the test examples, where they are known. */
      readonly test: Metrics | null
      readonly weights?: LoggedWeights
    }

export type TrainingEnd = 'done' | 'failed' | 'interrupted'

/** What was added by `log`. Images have one byte for each value. */
export type LoggedItem = { readonly name: string; readonly epoch: number } & (
  | { readonly type: 'image'; readonly image: ImageBytes }
  | { readonly type: 'table'; readonly table: LoggedTable }
  | { readonly type: 'file'; readonly contents: Uint8Array }
)

export interface ImageBytes {
  readonly bytes: Uint8Array
  readonly height: number
  readonly width: number
  readonly channels: number
}

export type LogEvent = LogItem & {
  /** The name of the training; of `fit`, nothing. */
  readonly training: string
  /** Milliseconds since 1970. */
  readonly time: number
}
