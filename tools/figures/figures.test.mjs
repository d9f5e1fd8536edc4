import { findExperiments, withPreset } from '@gradpool/experiments'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../environment.mjs'
import { filled, meanAndDeviation, tableOf } from './markdown.mjs'
import { steps } from './steps.mjs'

const path = join(root, 'README.md')
const table = tableOf(['name', 'figure'], [['a', '1']])

test('a table takes the place of the old one, and nothing else changes', async () => {
  const page = (inside) => `# Page\n\n<!-- figures: one -->\n\n${inside}\n\n<!-- /figures -->\n\nThe end.\n`
  const after = await filled(page('| old |\n| --- |'), { path, name: 'one', text: table })
  expect(after).toBe(page('| name | figure |\n| ---- | ------ |\n| a    | 1      |'))
  expect(await filled(after, { path, name: 'one', text: table })).toBe(after)
})

test.each([
  ['Nothing.', /has no line <!-- figures: one -->/],
  ['<!-- figures: one -->', /has no <!-- \/figures --> after it/],
  ['<!-- figures: one -->\n<!-- figures: two -->\n<!-- /figures -->', /has no <!-- \/figures --> after it/],
  ['<!-- figures: one --><!-- /figures --><!-- figures: one --><!-- /figures -->', /more than once/],
])('%j is refused', async (page, message) => {
  await expect(filled(page, { path, name: 'one', text: table })).rejects.toThrow(message)
})

test('deviations are those of a sample', () => {
  expect(meanAndDeviation([1, 2, 3])).toBe('2.000 ± 1.000')
})

const fills = steps.flatMap(({ fills }) => fills)
test.each(fills.map(({ page, name, text }) => [page, name, text]))('%s: %s', async (page, name, text) => {
  const file = join(root, page)
  const before = readFileSync(file, 'utf8')
  expect(await filled(before, { path: file, name, text: text() })).toBe(before)
})

test('the catalogue has the settings that were chosen', () => {
  const { tuned, codes } = JSON.parse(readFileSync(join(root, 'tools/choose/results.json'), 'utf8'))
  const [config, ...others] = findExperiments(['report']).map((its) => withPreset(its, 'tuned'))
  expect(config.stages[0].activation).toBe(tuned.chosen.activation)
  expect(config.train.optimizer.learningRate.learningRate).toBe(tuned.chosen.learningRate)
  for (const { optimizer } of others.map(({ stages }) => stages.at(-1).train)) {
    expect(optimizer.learningRate.learningRate).toBe(tuned.chosen.fewLabelsLearningRate)
    expect(optimizer.weightDecay).toBe(tuned.chosen.fewLabelsWeightDecay)
  }
  for (const { stages } of findExperiments(['mnist_hash_deep_16', 'mnist_hash_deep_32', 'mnist_hash_deep_64'])) {
    expect(stages[0].decorrelation * stages[0].encoder.at(-1)).toBeCloseTo(codes.chosen.decorrelationTimesBits)
  }
  expect(readFileSync(path, 'utf8')).toContain(`chosen among ${tuned.numTried} settings`)
  expect(readFileSync(join(root, 'docs/hashing.md'), 'utf8')).toContain(`chosen among ${codes.numTried} settings`)
})
