/**
 * All that worker threads load, in one file: what a bundle has beside it. Which part of it a thread is, `workerData`
 * and the pool's jobs say.
 */
export { executeChunk, executeScan } from '@gradpool/engine-cpu/step-chunk'
export { runRounds } from '@gradpool/trainer/run-rounds'
export { windowThread } from '@gradpool/trainer/window-thread'
export { runJob } from '@gradpool/worker-pool/pool-worker'
