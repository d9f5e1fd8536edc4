// A worker thread of the soak test: runs chunks, tells what TensorFlow still holds, and collects
// garbage when it is told to.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { collectGarbage } from './collect-garbage.mjs'

const { executeChunk } = await import(workerData.workerModule)

parentPort.on('message', async (task) => {
  try {
    if (task === undefined) {
      collectGarbage()
      parentPort.postMessage({})
      return
    }
    const outcome = await executeChunk(task)
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node')
    const { numTensors } = tf.memory()
    parentPort.postMessage({ outcome, numTensors, numModels: tf.node.getNumOfSavedModels() })
  } catch (error) {
    parentPort.postMessage({ error: String(error?.stack ?? error) })
  }
})
