/** Gradpool's side: `node gradpool_peer.mjs ENGINE`; many steps per call, as in training. */
import { createRequire } from 'node:module'
import { train } from '@gradpool/core/engine'
import { adam } from 'gradpool'
import { engines } from '../gradpool.mjs'
import { serve } from '../peers/node/serve.mjs'
import { fieldsOf, networks } from './networks.mjs'

const { version } = createRequire(import.meta.url)('gradpool/package.json')
const [name] = process.argv.slice(2)

await serve(async (workload, { bytes }) => {
  const { kind, batchSize, numExamples } = workload
  const { model } = networks.find((network) => network.kind === kind)
  const data = {
    fields: fieldsOf(workload, bytes),
    rows: Int32Array.from({ length: numExamples }, (_, row) => row),
  }
  const engine = await engines[name]({ memoryBytes: 2 ** 31 })
  const execution = await engine.compile(train(model, { optimizer: adam(), batchSize, data }), { data, seed: 0 })
  return {
    version,
    async run(steps) {
      const { status, lastLoss } = await execution.run({ steps })
      if (status !== 'done') throw new Error(`gradpool: ${status}`)
      return lastLoss
    },
  }
})
