/** TensorFlow as tfjs-node provides it, loaded once per thread, when it is first needed. */
import { UserError } from '@gradpool/core'
import type * as tf from '@tensorflow/tfjs-node'
import { createRequire } from 'node:module'
import { NO_TENSORFLOW, tfjsNode } from './setup/binding.js'

export type TensorFlow = typeof tf

const require = createRequire(import.meta.url)
let loaded: TensorFlow | undefined

/** tfjs-node in this thread. @throws UserError if it cannot be loaded; says how to install it */
export function loadTensorFlow(): TensorFlow {
  if (loaded !== undefined) return loaded
  // tfjs-node 4.22 calls a function that Node 23 removed.
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean }
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  try {
    loaded = require(tfjsNode().folder) as TensorFlow
  } catch (cause) {
    throw new UserError(NO_TENSORFLOW, { cause })
  }
  return loaded
}

/** The version of TensorFlow's library. */
export function tensorflowVersion(): string {
  // By its name: a program that uses tfjs itself may have chosen another backend.
  const { binding } = loadTensorFlow().findBackend('tensorflow') as unknown as {
    readonly binding: { readonly TF_Version: string }
  }
  return binding.TF_Version
}

/**
 * Sets environment variables that TensorFlow reads when it is loaded, except those that are set already. Only the main
 * thread can do so.
 *
 * A worker runs the ops of its graph in its own thread (this is what a negative number of inter-op threads means) and
 * never waits for another thread. No op is split among threads either: a sum that is split is rounded differently, so
 * weights would depend on the number of cores.
 */
export function configureTensorFlow({ verbose = false } = {}): void {
  const { env } = process
  env.TF_NUM_INTRAOP_THREADS ??= '1'
  env.TF_NUM_INTEROP_THREADS ??= '-1'
  if (verbose) return
  env.TF_CPP_MIN_LOG_LEVEL ??= '3'
  // oneDNN logs a line before logging can be turned off, and is not faster on small graphs.
  env.TF_ENABLE_ONEDNN_OPTS ??= '0'
}
