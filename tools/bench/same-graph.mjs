/**
 * `node tools/bench/same-graph.mjs`: one SavedModel, that of the engine `tensorflow`, trained by the engine and by
 * Python's TensorFlow, one thread each, in interleaved rounds. It says what the way from Node into TensorFlow costs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tensorflowEngine } from '@gradpool/engine-tensorflow'
import { exitIfMissing } from '../missing.mjs'
import { compile } from './gradpool.mjs'
import { startChild } from './peers/child.mjs'
import { installPackages, pythonPath, setUpTensorFlow } from './peers/install.mjs'
import { interleave, median, spread } from './statistics.mjs'
import { makeData, wide, workloads } from './workloads.mjs'

const script = fileURLToPath(new URL('peers/python/same_graph.py', import.meta.url))
const env = { TF_CPP_MIN_LOG_LEVEL: '3', TF_ENABLE_ONEDNN_OPTS: '0', CUDA_VISIBLE_DEVICES: '' }

await exitIfMissing(() => {
  installPackages('keras', ['tensorflow-cpu', 'keras', 'numpy'])
  setUpTensorFlow()
})
const folder = mkdtempSync(join(tmpdir(), 'gradpool-same-graph-'))
try {
  const rows = []
  for (const workload of [...workloads, wide]) rows.push(await measure(workload))
  console.table(rows)
} finally {
  rmSync(folder, { recursive: true })
}

async function measure(workload) {
  const data = makeData(workload)
  const engine = await tensorflowEngine()
  const execution = await compile(engine, workload, data)
  await execution.run({ steps: 1 })
  const python = await startChild({ command: pythonPath, args: [script], env }, ...described())
  const runners = [
    { name: 'engine', run: async (steps) => (await execution.run({ steps })).lastLoss },
    { name: 'python', run: async (steps) => (await python.run(steps)).loss },
  ]
  const samples = await interleave(runners, { rounds: 9, milliseconds: 500 })
  await python.stop()
  await engine.dispose()
  const [own, other] = runners.map(({ name }) => samples.get(name))
  const figure = (us) => `${median(us).toFixed(1)} µs ±${(100 * spread(us)).toFixed(1)} %`
  const ratio = median(own.map((us, round) => us / other[round])).toFixed(2)
  return { workload: workload.name, engine: figure(own), Python: figure(other), ratio }

  /** The workload with where its model and first values are, and the file of its examples. */
  function described() {
    const [task] = execution.begin(1)
    const values = execution.read()
    execution.abandon()
    const variables = task.variables.map(({ name, state, shape }) => {
      return { name, shape, values: [...values[state]] }
    })
    const given = join(folder, 'given.json')
    const examples = join(folder, 'examples')
    writeFileSync(given, JSON.stringify({ model: task.model, lossIndex: task.lossIndex, variables }))
    writeFileSync(examples, Buffer.concat([data.pixels, data.labels]))
    return [{ ...workload, given }, examples]
  }
}
