/**
 * Many short trainings on many threads, again and again: nothing may crash, stay, or grow.
 *
 *     node --max-semi-space-size=1 packages/engine-tensorflow/soak/soak.mjs [--workers 8] [--stages 50] [--rounds 20]
 *
 * Memory is what is resident after each round, when all threads have collected their garbage. The
 * first rounds fill pools of the allocator, so it is compared between the quarters of the rounds
 * before the middle and before the end, by their medians. V8 grows the space of young objects of a
 * thread by some 10 MB at once, at any time, unless told to leave it small.
 */
import { tensorflowEngine } from '@gradpool/engine-tensorflow'
import { parseArgs } from 'node:util'
import { collectGarbage } from './collect-garbage.mjs'
import { data, startThread, training } from './threads.mjs'

const STEPS = 40
const MOST_GROWTH_MB = 8

/** @returns resident MB after each round; throws where something is left or wrong */
async function soak({ workers, stages, rounds }) {
  const engine = await tensorflowEngine()
  const threads = Array.from({ length: workers }, () => startThread(engine.workerModule))
  const residentMB = []
  try {
    for (let round = 0; round < rounds; round++) {
      let next = 0
      const work = async (thread) => {
        while (next < stages) await trainOne(engine, thread, next++)
      }
      await Promise.all(threads.map(work))
      await Promise.all(threads.map((thread) => thread.run()))
      collectGarbage()
      residentMB.push(process.memoryUsage.rss() / 2 ** 20)
      console.log(`round ${round + 1}: ${residentMB.at(-1).toFixed(1)} MB resident`)
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()))
    await engine.dispose()
  }
  return residentMB
}

async function trainOne(engine, thread, seed) {
  const fit = await engine.compile(training, { data, seed })
  const { outcome, numTensors, numModels } = await thread.run(fit.begin(STEPS)[0])
  const { status, lastLoss } = fit.finish([outcome])
  fit.dispose()
  if (status !== 'done' || !Number.isFinite(lastLoss)) throw new Error(`a chunk ended ${status}`)
  if (numTensors !== 0) throw new Error(`${numTensors} tensors are left`)
  if (numModels !== 1) throw new Error(`${numModels} models are held, where one was run`)
}

/** The median of the quarter of some values that ends with the one before `end`. */
function quarterBefore(values, end) {
  const quarter = values.slice(Math.max(0, end - Math.ceil(values.length / 4)), end)
  return quarter.sort((a, b) => a - b)[Math.floor(quarter.length / 2)]
}

const number = (name, fallback) => ({ [name]: { type: 'string', default: String(fallback) } })
const { values } = parseArgs({
  options: { ...number('workers', 8), ...number('stages', 50), ...number('rounds', 20) },
})
const [workers, stages, rounds] = [values.workers, values.stages, values.rounds].map(Number)
const residentMB = await soak({ workers, stages, rounds })
const growth = quarterBefore(residentMB, rounds) - quarterBefore(residentMB, Math.ceil(rounds / 2))
console.log(`${growth.toFixed(1)} MB more at the end than after half of the rounds`)
if (growth > MOST_GROWTH_MB) process.exitCode = 1
