/**
 * How long `fit` takes to its first step: from the call, and from the start of the process.
 *
 *     node packages/trainer/bench/start.mjs [engine, native] [rounds, 9]
 *
 * Each round is a process of its own that trains an MLP on typed arrays. The first step is done
 * when the first epoch, of one step, has ended.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [engine = 'native', rounds = '9', isChild] = process.argv.slice(2)
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

if (isChild === undefined) {
  const script = fileURLToPath(import.meta.url)
  const times = Array.from({ length: Number(rounds) }, () => {
    const began = Date.now()
    const { stdout } = spawnSync(process.execPath, [script, engine, rounds, 'child'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { called, stepped } = JSON.parse(stdout)
    return { call: stepped - called, process: stepped - began, imports: called - began }
  })
  for (const what of ['call', 'process', 'imports']) {
    const all = times.map((time) => time[what])
    const least = Math.min(...all)
    const label = { call: 'from the call of fit', process: 'from the start of the process' }[what]
    console.log(`${label ?? 'until the call'}: median ${median(all)} ms, least ${least} ms`)
  }
} else {
  const { adam, defineModel } = await import('@gradpool/core')
  const { accuracy, crossEntropy, dense } = await import('@gradpool/models')
  const { fit } = await import('@gradpool/trainer')
  const model = defineModel({
    params: { hidden: dense(784, 64, { activation: 'relu' }), output: dense(64, 10) },
    step({ hidden, output }, { image, label }) {
      const logits = output(hidden(image))
      return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
    },
  })
  const data = {
    image: { values: new Float32Array(784 * 128).fill(0.1), shape: [784] },
    label: { values: new Uint8Array(128), shape: [] },
  }
  const called = Date.now()
  let stepped
  const options = { data, batchSize: 128, epochs: 1, optimizer: adam(), engine }
  await fit(model, { ...options, onEpoch: () => (stepped = Date.now()) })
  console.log(JSON.stringify({ called, stepped }))
}
