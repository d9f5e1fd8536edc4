import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../environment.mjs'
import { checkLinks } from './check-links.mjs'
import { modules, sidebar } from './navigation.mjs'
import { pagePaths, stage } from './stage.mjs'

test('every page is in the sidebar once', () => {
  const paths = pagePaths()
  const links = sidebar(new Map(paths.map((path) => [path, path]))).flatMap(({ items }) =>
    items.map(({ link }) => link),
  )
  expect(links.toSorted()).toEqual(paths.map((path) => `/${path.replace(/(README)?\.md$/, '')}`).toSorted())
})

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-site-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('links of pages lead to pages and files of the site', { timeout: 60_000 }, () => {
  const folder = temporaryFolder()
  expect([...stage(folder).keys()]).toEqual(pagePaths())
  const links = (page) =>
    Array.from(readFileSync(join(folder, page), 'utf8').matchAll(/\]\(([^)#]*)/g), ([, url]) => url)
  expect(links('packages/trainer/index.md')).toContain('../../index.md')
  expect(links('index.md')).toContain('./docs/decisions/index.md')
  expect(links('docs/performance.md')).toContain('benchmark.svg')
  expect(existsSync(join(folder, 'docs/benchmark.svg'))).toBe(true)
  const file = links('docs/performance.md').find((url) => url.endsWith('bench/results.json.txt'))
  expect(existsSync(join(folder, 'public', file))).toBe(true)
})

test('every package but the command is in the reference', () => {
  const packages = readdirSync(join(root, 'packages')).filter((name) => name !== 'cli')
  const names = packages.map((name) => (name === 'gradpool' ? name : `@gradpool/${name}`))
  expect(Object.keys(modules)).toEqual(expect.arrayContaining(names))
  expect(Object.values(modules).filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('a link and an anchor that lead nowhere are found', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'more'))
  writeFileSync(join(folder, 'index.html'), '<h1 id="top"></h1><a href="/more/#end"></a><a href="#top"></a>')
  const links = ['../', '../index', '/index.html#top', 'https://example.org', './gone.html', '../#bottom', 'x.png']
  writeFileSync(
    join(folder, 'more', 'index.html'),
    `<b id="end"></b>${links.map((url) => `<a href="${url}"></a>`).join('')}`,
  )
  const { numPages, numLinks, broken } = checkLinks(folder)
  expect([numPages, numLinks]).toEqual([2, 8])
  expect(broken).toEqual([
    'more/index.html: ./gone.html leads nowhere',
    'more/index.html: ../#bottom has no such anchor',
    'more/index.html: x.png leads nowhere',
  ])
})
