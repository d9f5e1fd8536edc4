/**
 * Saved models behind any server: requests in batches, and the Open Inference Protocol. Nothing here needs Node.
 *
 *     const digits = predictor(await loadModel('digits.gradpool'))
 *     const handler = requestHandler({ models: new Map([['digits', digits]]) })
 */
export {
  type BatchDone,
  BatchingPredictor,
  type BatchOptions,
  predictor,
  QueueFull,
} from './batching/batching-predictor.js'
export { type HandlerOptions, requestHandler } from './http/request-handler.js'
export type { ServeOptions } from './http/serve-options.js'
export type { ServedModel, ValueType } from './model.js'
export { type Answer } from './protocol/answer.js'
export { type Answered, type AnswerOptions, Answers, type Asked, type Models } from './protocol/answers.js'
