/** Codes by what `gradpool run` trained: training is by the command itself, which reuses what earlier runs did. */
import { join } from 'node:path'
import { loadDataset } from '@gradpool/datasets'
import { findExperiments } from '@gradpool/experiments'
import { encode, packCodes, trainedEncoder } from '@gradpool/hashing'
import { spawnSync } from 'node:child_process'
import { root } from '../environment.mjs'

const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')

/**
 * Trains the experiments of a group, or finds them trained.
 *
 * @returns for each its name, bits, and packed codes of the collection and of the queries
 */
export async function trainedCodes(engine, group) {
  const args = [command, 'run', group, '--json']
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`gradpool run ${group} ended with ${status}`)
  const { run } = JSON.parse(stdout)
  const models = []
  for (const config of findExperiments([group])) {
    const dataset = await loadDataset(config.data, { allocate: engine.allocate })
    const encoder = await trainedEncoder(join(root, run), { config, dataset })
    const { bits } = encoder
    const packed = async (data) => packCodes(await encode(encoder, { engine, data }), { bits })
    models.push({
      name: config.name,
      bits,
      weights: encoder.model.hash,
      collection: await packed(dataset.splits.all),
      queries: await packed(dataset.splits.test),
    })
  }
  return models
}
