/** tfjs-node, eager: `node tfjs-node.mjs FOLDER`, where FOLDER holds node_modules with it. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { makeEagerRunner } from '../../tfjs-eager.mjs'
import { serve } from './serve.mjs'

const [folder] = process.argv.slice(2)
const tf = createRequire(join(folder, 'package.json'))('@tensorflow/tfjs-node')
await tf.ready()

await serve((workload, data) => ({
  version: tf.version['tfjs-node'] ?? tf.version.tfjs,
  ...makeEagerRunner(tf, workload, data),
}))
