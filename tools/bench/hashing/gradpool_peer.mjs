/**
 * A HashIndex in the line protocol of ../peers/child.mjs, on one thread; a step is a batch of queries, or of searches
 * of buckets. The kernels are the first argument.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { HashIndex } from '@gradpool/hashing'

const [kernels] = process.argv.slice(2)
let run

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line)
  if (run === undefined) {
    run = prepare(message)
    answer({ version: kernels, chunk: 1 })
    return
  }
  const started = performance.now()
  const cpu = process.cpuUsage()
  for (let step = 0; step < message.steps; step++) run(step)
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  answer({ seconds, cpuSeconds: (user + system) / 1e6, loss: distanceSum(run(0)) })
})

function prepare({ workload: { bits, k, batch, values, search }, data }) {
  const index = HashIndex.create({ bits, values, kernels, model: { name: 'bench', hash: '' } })
  index.add({ codes: unpacked(join(data, 'codes'), bits) })
  const queries = unpacked(join(data, 'queries'), bits)
  const numBatches = queries.length / bits / batch
  const part = (first, count) => queries.subarray(bits * first, bits * (first + count))
  return (step) => {
    const first = (step % numBatches) * batch
    if (search === 'hamming') return index.searchHammingBatch(part(first, batch), { k })
    return Array.from({ length: batch }, (_, at) => index.searchBucket(part(first + at, 1), { k }))
  }
}

/** Bits as real-valued codes, each 0 or 1. */
function unpacked(file, bits) {
  const bytes = readFileSync(file)
  const rowBytes = Math.ceil(bits / 8)
  const codes = new Float32Array((bytes.length / rowBytes) * bits)
  let next = 0
  for (let row = 0; row < bytes.length; row += rowBytes) {
    for (let bit = 0; bit < bits; bit++) codes[next++] = (bytes[row + (bit >> 3)] >> (bit & 7)) & 1
  }
  return codes
}

function distanceSum(results) {
  return results.flat().reduce((sum, { hamming }) => sum + hamming, 0)
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
