/** Codes by what `gradpool run` trained: training is by the command itself, which reuses what earlier runs did. */
import { join } from 'node:path'
import { loadDataset } from '@gradpool/datasets'
import { findExperiments } from '@gradpool/experiments'
import { encoderOf, packCodes } from '@gradpool/hashing'
import { findStageModel } from '@gradpool/orchestrator'
import { decodeSavedModel } from '@gradpool/storage'
import { loadModel } from '@gradpool/trainer'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { root } from '../environment.mjs'

const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')

/**
 * Trains the experiments of a group, or finds them trained.
 *
 * @returns for each its name, bits, and packed codes of the collection and of the queries
 */
export async function trainedCodes(group) {
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
  for (const { name, data } of findExperiments([group])) {
    const { splits } = await loadDataset(data)
    const { path } = await findStageModel(`${join(root, run)}/${name}`, { runs: root })
    const encoder = encoderOf(name, decodeSavedModel(readFileSync(path), path))
    const { bits } = encoder
    const model = await loadModel(encoder.bytes)
    const packed = async (split) => {
      const { code } = await model.predict({ image: pixelsOf(split) })
      return packCodes(code, { bits })
    }
    models.push({
      name,
      bits,
      weights: model.weightsHash,
      collection: await packed(splits.all),
      queries: await packed(splits.test),
    })
    await model.dispose()
  }
  return models
}

/** u8 [rows, pixels] of a split's images. */
export function pixelsOf({ fields: { image }, rows }) {
  const size = image.shape.reduce((product, extent) => product * extent, 1)
  const pixels = new Uint8Array(rows.length * size)
  rows.forEach((row, at) => {
    pixels.set(image.values.subarray(row * size, (row + 1) * size), at * size)
  })
  return pixels
}
