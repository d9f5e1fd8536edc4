/**
 * TensorFlow itself, as tfjs-node gives it: loaded once per thread, when it is first needed.
 */
import { UserError } from '@gradpool/core'
import type * as tf from '@tensorflow/tfjs-node'
import { createRequire } from 'node:module'

export type TensorFlow = typeof tf

const require = createRequire(import.meta.url)
let loaded: TensorFlow | undefined

/** tfjs-node of this thread. @throws UserError where it cannot be loaded; says how to get it */
export function loadTensorFlow(): TensorFlow {
  if (loaded !== undefined) return loaded
  // tfjs-node 4.22 calls what Node 23 removed.
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean }
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  try {
    loaded = require('@tensorflow/tfjs-node') as TensorFlow
  } catch (cause) {
    throw new UserError("the engine 'tensorflow' has no TensorFlow here: run `gradpool setup tensorflow` to get it", {
      cause,
    })
  }
  return loaded
}

/** The version of TensorFlow's library. */
export function tensorflowVersion(): string {
  const { binding } = loadTensorFlow().backend() as unknown as {
    readonly binding: { readonly TF_Version: string }
  }
  return binding.TF_Version
}

/**
 * Sets what TensorFlow reads from the environment when it is loaded; only the main thread can. What
 * is set already stays.
 *
 * A worker runs the ops of its graph in its own thread, which is what a negative number of threads
 * for ops means: none is handed to another thread and waited for. No op is split either: sums that
 * are split round otherwise, so weights would depend on how many cores there are.
 */
export function configureTensorFlow({ verbose = false } = {}): void {
  const { env } = process
  env.TF_NUM_INTRAOP_THREADS ??= '1'
  env.TF_NUM_INTEROP_THREADS ??= '-1'
  if (verbose) return
  env.TF_CPP_MIN_LOG_LEVEL ??= '3'
  // Its kernels of oneDNN tell of themselves before anything can silence them, and are not faster
  // on small graphs.
  env.TF_ENABLE_ONEDNN_OPTS ??= '0'
}
