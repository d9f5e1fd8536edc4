// The unit tests of all packages and tools as one run, for `npm test`: two files at a time, whatever their package.
import { readdirSync } from 'node:fs'
import { defineConfig, mergeConfig } from 'vitest/config'
import { longestFirst, unitTests } from './vitest.shared.mjs'

const folders = readdirSync(new URL('packages/', import.meta.url))
const configs = await Promise.all(folders.map((folder) => import(`./packages/${folder}/vitest.config.mjs`)))
const packages = folders.map((folder, at) => ({ folder, config: configs[at].default }))

/** Of several packages, each as its own configuration has it. */
function project(name, members) {
  const merged = members.map(({ config }) => config).reduce((one, other) => mergeConfig(one, other))
  const include = members.flatMap(({ folder }) => unitTests.test.include.map((path) => `packages/${folder}/${path}`))
  return { ...merged, test: { ...merged.test, name, include } }
}

// Files that share processes share modules of all packages, each of which is transformed and loaded once.
const shared = project(
  'shared',
  packages.filter(({ config }) => !config.test.isolate),
)
const isolated = project(
  'isolated',
  packages.filter(({ config }) => config.test.isolate),
)
const tools = { ssr: unitTests.ssr, test: { name: 'tools', include: ['tools/**/*.test.mjs'] } }

const longest = [
  'tools/contributing/patches',
  'engine-tensorflow/src/contract',
  'orchestrator/test/averaging',
  'trainer/test/tensorflow',
  'engine-tensorflow/test/soak',
  'orchestrator/test/data-parallel',
  'orchestrator/test/resume',
  'orchestrator/test/worker-faults',
  'engine-cpu/src/contract',
  'engine-cpu/src/architectures',
  'trainer/test/python',
  'trainer/test/shared-steps',
  'trainer/test/resume',
  'trainer/test/workers',
]

export default defineConfig({
  test: {
    projects: [isolated, shared, tools],
    maxWorkers: 2,
    sequence: { sequencer: longestFirst(longest) },
    reporters: ['default', 'json'],
    outputFile: { json: 'test-output/results.json' },
  },
})
