/**
 * TensorFlow itself, as tfjs-node gives it: loaded once per thread, when it is first needed.
 */
import { createRequire } from 'node:module'
import type * as tf from '@tensorflow/tfjs-node'

export type TensorFlow = typeof tf

const require = createRequire(import.meta.url)
let loaded: TensorFlow | undefined

/**
 * tfjs-node of this thread.
 *
 * @throws what loading it throws: there is no binding, or its library does not load
 */
export function loadTensorFlow(): TensorFlow {
  if (loaded !== undefined) return loaded
  // tfjs-node 4.22 calls what Node 23 removed.
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean }
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  loaded = require('@tensorflow/tfjs-node') as TensorFlow
  return loaded
}
