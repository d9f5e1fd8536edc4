/**
 * The bits of small trainings, which only a new numerics version may change. `vitest -u` writes the file anew; the
 * commit then says why.
 */
import { expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { type Trained, trainings } from './golden/trainings.js'
import { runJson } from './run-document.js'

const pinned = ({ weightsHash, history }: Trained) => ({
  weightsHash,
  epochs: history.length,
  loss: history.at(-1)?.loss,
})

test.each([
  ['native', 1],
  ['wasm', 2],
] as const)('small trainings in %s code give the pinned weights', async (engine, workers) => {
  const shared = { batchSize: 8, epochs: 2, seed: 7, engine, workers }
  const results: Record<string, object> = {}
  for (const [name, train] of Object.entries(trainings)) results[name] = pinned(await train(shared))
  await expect(`${JSON.stringify(results, undefined, 1)}\n`).toMatchFileSnapshot('golden/trainings.json')
})

const data = smallData(1500)
const onDigits = ['report', 'hashing', 'convolution', 'generative', 'recurrent', 'clustering']
const onTables = ['diabetes', 'penguins', 'weather', 'co2']

test('experiments of the catalogue give the pinned weights', async () => {
  const runs = [
    await runJson([...onDigits, '--epochs', '1', '--seed', '3', '--workers', '2', ...data]),
    await runJson([...onTables, '--epochs', '1', '--seed', '3', '--workers', '2']),
  ]
  const weights = runs.flatMap(({ experiments }) =>
    experiments.map(({ name, weightsHash }) => [name, weightsHash] as const),
  )
  await expect(`${JSON.stringify(Object.fromEntries(weights), undefined, 1)}\n`).toMatchFileSnapshot(
    'golden/experiments.json',
  )
})
