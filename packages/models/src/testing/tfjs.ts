/** tfjs with its plain CPU backend, all gradients, and no advertisement on stderr. */
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'

tf.env().set('IS_NODE', false)
// Another file in this process may have loaded TensorFlow.
await tf.setBackend('cpu')

export { tf }
