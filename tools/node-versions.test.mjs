// The versions of Node are those that the workflow, the manifests and the text for contributors name.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './environment.mjs'
import { NODE_VERSIONS } from './node-versions.mjs'

const read = (file) => readFileSync(join(root, file), 'utf8')

test('the workflow has a job for each version, and runs the rest on the oldest', () => {
  const workflow = read('.github/workflows/checks.yml')
  const lists = [...workflow.matchAll(/^ +node: \[(.*)\]$/gm)].map(([, list]) => list)
  expect(lists).toEqual([NODE_VERSIONS.map((version) => `'${version}'`).join(', ')])
  expect(workflow).toContain('run: npm run test:node -- ${{ matrix.node }}\n')
  const others = [...workflow.matchAll(/^ +node-version: '(.*)'$/gm)].map(([, version]) => version)
  expect(new Set(others)).toEqual(new Set([NODE_VERSIONS[0]]))
})

test('the oldest is the one that packages ask for', () => {
  expect(JSON.parse(read('package.json')).engines.node).toBe(`>=${NODE_VERSIONS[0]}`)
})

test('CONTRIBUTING.md names them', () => {
  expect(read('CONTRIBUTING.md')).toContain(`Node ${NODE_VERSIONS.slice(0, -1).join(', ')} and ${NODE_VERSIONS.at(-1)}`)
})
