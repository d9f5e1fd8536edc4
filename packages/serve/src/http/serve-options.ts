import type { AnswerOptions } from '../protocol/answers.js'

export interface ServeOptions extends AnswerOptions {
  /** Of a request, at most. Default: 16 MiB. */
  readonly mostBodyBytes?: number
}

export const MOST_BODY_BYTES = 2 ** 24
