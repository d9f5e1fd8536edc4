/**
 * What every engine must do, as one test suite. An engine's own tests call it; what they add is
 * about that engine alone.
 */
import type { Engine } from '@gradpool/core/engine'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeOptimizers } from './optimizers.js'
import { describePrograms } from './random-programs.js'
import { describeOps } from './ops.js'
import { describeRefusals } from './refusals.js'
import { describeRows } from './rows.js'
import { describeSharing } from './sharing.js'
import { attentive } from './attentive.js'
import { describeChunks } from './chunks.js'
import { convolutional } from './convolution.js'
import { describeNetwork } from './describe-network.js'
import { describeOracle } from './oracle/describe-oracle.js'
import { recurrent } from './recurrent.js'
import { describeStates } from './states.js'
import { MOST_THREADS, Threads } from './threads.js'
import { describeTraining } from './training.js'

/**
 * Registers the suite.
 *
 * @param make a new engine, with an own memory of a few hundred MiB
 * @param options.sharesSteps whether several workers can run a chunk of it together. Default: true.
 * @param options.numRandomPrograms of each of two kinds, and of those that JAX evaluated. Default: 150, and all 500.
 * @param options.isShort whether several workers cut the batches of networks in one way only. Default: false.
 */
export function describeEngine(
  name: string,
  make: () => Promise<Engine>,
  {
    sharesSteps = true,
    numRandomPrograms,
    isShort = false,
  }: { sharesSteps?: boolean; numRandomPrograms?: number; isShort?: boolean } = {},
): void {
  describe(name, () => {
    let engine: Engine
    let threads: Threads
    const engineOf = (): Engine => engine
    const threadsOf = (): Threads => threads
    beforeAll(async () => {
      engine = await make()
      threads = new Threads(engine, MOST_THREADS)
    })
    afterAll(async () => {
      await threads.close()
      await engine.dispose()
    })

    describeOps(engineOf)
    describePrograms(engineOf, numRandomPrograms ?? 150)
    describeOracle(engineOf, numRandomPrograms)
    describeOptimizers(engineOf)
    describeTraining(engineOf, threadsOf)
    const numCuts = !sharesSteps ? 0 : isShort ? 1 : 3
    for (const network of [attentive, convolutional, recurrent]) describeNetwork(engineOf, threadsOf, numCuts, network)
    describeChunks(engineOf, threadsOf)
    describeRows(engineOf, threadsOf, sharesSteps)
    describeStates(engineOf)
    if (sharesSteps) describeSharing(engineOf, threadsOf)
    describeRefusals(engineOf, make)
  })
}
