/** tfjs-node, eager. */
import { createRequire } from 'node:module'
import { makeEagerRunner } from '../../tfjs-eager.mjs'
import { serve } from './serve.mjs'

const engine = new URL('../../../../packages/engine-tensorflow/package.json', import.meta.url)
const tf = createRequire(engine)('@tensorflow/tfjs-node')
await tf.ready()

await serve((workload, data) => ({
  version: tf.version['tfjs-node'] ?? tf.version.tfjs,
  ...makeEagerRunner(tf, workload, data),
}))
