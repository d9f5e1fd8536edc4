/**
 * `npm run quality:regression`: what the experiments of the group `regression` reach on the folds of
 * tools/oracles/regression_sklearn.py, with and without quantiles, seeds 0 to 2; writes results.json.
 */
import { writeFileSync } from 'node:fs'
import { findExperiments, withPreset } from '../../packages/experiments/dist/index.js'
import { regress } from '../../packages/models/dist/index.js'
import { crossValidate } from '../../packages/trainer/dist/index.js'

const results = {}
for (const config of findExperiments(['regression'])) {
  for (const preset of ['default', 'intervals']) {
    const { data, train, stages } = withPreset(config, preset)
    const { optimizer, batchSize, epochs } = train
    const scores = []
    for (const seed of [0, 1, 2]) {
      // All rows, in their order.
      const folds = { data: { ...data, test: 0 }, folds: 5, splitBy: 'order', seed }
      const { mean } = await crossValidate(regress(stages[0]), { ...folds, optimizer, batchSize, epochs })
      scores.push(mean)
    }
    const names = Object.keys(scores[0])
    const each = (name) => scores.map((score) => Number(score[name].toFixed(5)))
    results[`${config.name} ${preset}`] = Object.fromEntries(names.map((name) => [name, each(name)]))
    console.log(config.name, preset, results[`${config.name} ${preset}`])
  }
}
writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(results, undefined, 2)}\n`)
