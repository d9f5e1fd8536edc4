/**
 * Two independent trainings on two worker threads against one on one, as the orchestrator runs them: spans over a
 * Piscina pool.
 */
import { Piscina } from 'piscina'
import { compile, engines } from './gradpool.mjs'
import { median } from './statistics.mjs'

/** @returns steps per second of the pool with one and with two workers, per round */
export async function measureScaling(workload, data, { rounds, steps }) {
  const engine = await engines.wasm()
  const pool = new Piscina({
    filename: engine.workerModule,
    name: 'executeChunk',
    minThreads: 2,
    maxThreads: 2,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
  })
  const executions = [await compile(engine, workload, data), await compile(engine, workload, data)]
  const throughput = async (used) => {
    const started = performance.now()
    await Promise.all(used.map(async (execution) => execution.finish([await pool.run(execution.begin(steps)[0])])))
    return (1000 * used.length * steps) / (performance.now() - started)
  }
  await throughput(executions)
  const one = []
  const two = []
  for (let round = 0; round < rounds; round++) {
    one.push(await throughput(executions.slice(0, 1)))
    two.push(await throughput(executions))
  }
  await pool.destroy()
  await engine.dispose()
  return {
    oneWorker: median(one),
    twoWorkers: median(two),
    ratio: median(two.map((value, i) => value / one[i])),
  }
}
