import { expect, test } from 'vitest'
import { affectedPackages, baseOf } from './changes.mjs'

const packages = [
  { folder: 'core', name: 'core' },
  { folder: 'models', name: 'models', dependencies: { core: '1' } },
  { folder: 'trainer', name: 'trainer', dependencies: { models: '1' } },
  { folder: 'storage', name: 'storage', devDependencies: { core: '1' } },
]

test('what depends on a changed package is affected, nearest first, and once', () => {
  const affected = (...paths) => affectedPackages(packages, paths)
  expect(affected('packages/core/src/a.ts', 'README.md')).toEqual({
    own: ['core'],
    dependents: ['models', 'storage', 'trainer'],
  })
  expect(affected('packages/models/README.md', 'packages/core/a.ts').dependents).toEqual(['storage', 'trainer'])
  expect(affected('docs/a.md')).toEqual({ own: [], dependents: [] })
})

test('changes are since the branch left main, where there is one', () => {
  const git = (known) => (command, commit, branch) => {
    if (command === 'merge-base' && !known.includes(branch)) throw new Error('unknown')
    return `${command} ${branch ?? commit}`
  }
  expect(baseOf(git(['main', 'origin/main']))).toBe('merge-base main')
  expect(baseOf(git(['origin/main']))).toBe('merge-base origin/main')
  expect(baseOf(git([]))).toBe('rev-parse HEAD')
})
