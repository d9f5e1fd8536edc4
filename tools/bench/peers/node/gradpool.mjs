/** Gradpool: `node gradpool.mjs ENGINE`; many steps per call, batches gathered from bytes in the step. */
import { createRequire } from 'node:module'
import { makeRunner } from '../../gradpool.mjs'
import { serve } from './serve.mjs'

const { version } = createRequire(import.meta.url)('@gradpool/core/package.json')
const [engine] = process.argv.slice(2)

await serve(async (workload, data) => ({
  version,
  ...(await makeRunner(engine, workload, data)),
}))
