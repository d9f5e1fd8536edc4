/**
 * tfjs-backend-wasm (SIMD, one thread).
 *
 * Loaded through bundle.mjs, which puts the folder of tfjs's own .wasm files for WASM_FOLDER.
 */
/* global WASM_FOLDER */
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { makeEagerRunner } from './tfjs-eager.mjs'

export async function makeRunner(workload, data) {
  setWasmPaths(WASM_FOLDER)
  setThreadsCount(1)
  await tf.setBackend('wasm')
  await tf.ready()
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')
  return {
    name: `tfjs-backend-wasm eager${simd ? '' : ' (no SIMD)'}`,
    ...makeEagerRunner(tf, workload, data),
  }
}
