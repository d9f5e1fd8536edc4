/**
 * Processor time beside elapsed time where several workers train at once: more than one core a
 * worker would be threads that TensorFlow has of its own.
 *
 *     node packages/engine-tensorflow/soak/processor-time.mjs [--workers 2] [--steps 100000]
 */
import { tensorflowEngine } from '@gradpool/engine-tensorflow'
import { parseArgs } from 'node:util'
import { data, startThread, training } from './threads.mjs'

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    steps: { type: 'string', default: '100000' },
  },
})
const [workers, steps] = [values.workers, values.steps].map(Number)
const engine = await tensorflowEngine()
const threads = Array.from({ length: workers }, () => startThread(engine.workerModule))
const fits = await Promise.all(threads.map((_, seed) => engine.compile(training, { data, seed })))
const train = async (count) => {
  const outcomes = threads.map(async (thread, i) => (await thread.run(fits[i].begin(count)[0])).outcome)
  for (const [i, outcome] of (await Promise.all(outcomes)).entries()) fits[i].finish([outcome])
}
await train(1000)
const [before, started] = [process.cpuUsage(), performance.now()]
await train(steps)
const elapsed = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(before)
const cores = (user + system) / 1e6 / elapsed
console.log(
  `${workers} workers, ${elapsed.toFixed(2)} s: ${cores.toFixed(2)} cores busy, ${(cores / workers).toFixed(3)} for each worker`,
)
await Promise.all(threads.map((thread) => thread.end()))
await engine.dispose()
