/** A program that is bundled: predicts from the file that it is told, by `gradpool/predict` alone. */
import { loadModel } from 'gradpool/predict'

async function predict(): Promise<void> {
  const [, , path = '', numRows = '1'] = process.argv
  const model = await loadModel(path)
  const image = Float32Array.from({ length: 4 * Number(numRows) }, (_, i) => Math.cos(i))
  const { probabilities = [] } = await model.predict({ image })
  globalThis.gc?.()
  const rssBytes = process.memoryUsage().rss
  console.log(JSON.stringify({ probabilities: Array.from(probabilities), hash: model.hash, rssBytes }))
}

predict().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
})
