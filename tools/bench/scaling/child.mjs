/**
 * Gradpool: `node child.mjs ENGINE SHARDS WORKERS`, one training whose steps so many threads run together.
 */
import { adam } from '@gradpool/core'
import { createRequire } from 'node:module'
import { engines, splitOf, trainingOf } from '../gradpool.mjs'
import { serve } from '../peers/node/serve.mjs'
import { Threads } from './threads.mjs'

const { version } = createRequire(import.meta.url)('@gradpool/core/package.json')
const [name, shards, workers] = process.argv.slice(2)

await serve(async (workload, values) => {
  const engine = await engines[name]()
  const data = splitOf(workload, values)
  const program = trainingOf(workload, data, adam(), Number(shards))
  const execution = await engine.compile(program, { data, seed: 0, workers: Number(workers) })
  const threads = new Threads(engine, Number(workers))
  return { version, run: (steps) => threads.run(execution, steps, Number(workers)) }
})
