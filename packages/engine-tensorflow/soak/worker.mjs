// A worker thread of the soak test: runs spans, and tells what TensorFlow still holds.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

const { executeSpan } = await import(workerData.workerModule)

parentPort.on('message', async (task) => {
  try {
    const outcome = await executeSpan(task)
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node')
    const { numTensors } = tf.memory()
    parentPort.postMessage({ outcome, numTensors, numModels: tf.node.getNumOfSavedModels() })
  } catch (error) {
    parentPort.postMessage({ error: String(error?.stack ?? error) })
  }
})
