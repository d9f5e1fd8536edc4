/** A program that is bundled: predicts from the file that it is told, by `gradpool/predict` alone. */
import { loadModel } from 'gradpool/predict'
import { readFileSync } from 'node:fs'

/** Linux tells it; `maxRSS` would be that of the process that started this one, where it had more. */
function mostBytes(): number | undefined {
  if (process.platform !== 'linux') return undefined
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return 1024 * Number(kilobytes)
}

async function predict(): Promise<void> {
  const [, , path = '', numRows = '1'] = process.argv
  const model = await loadModel(path)
  const image = Float32Array.from({ length: 4 * Number(numRows) }, (_, i) => Math.cos(i))
  const { logits = [] } = await model.predict({ image })
  // Until what is no longer used is let go.
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { external, heapUsed } = process.memoryUsage()
  const memory = { heldBytes: external + heapUsed, mostBytes: mostBytes() }
  console.log(JSON.stringify({ logits: Array.from(logits), hash: model.hash, ...memory }))
}

predict().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
})
