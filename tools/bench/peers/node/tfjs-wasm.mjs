/** tfjs-backend-wasm, eager, one thread; bundled on the way, as a user's build would do beforehand. */
import { createRequire } from 'node:module'
import { importTfjsWasm } from '../../bundle.mjs'
import { serve } from './serve.mjs'

const { version } = createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json')
const { makeRunner } = await importTfjsWasm()

await serve(async (workload, data) => ({ version, ...(await makeRunner(workload, data)) }))
