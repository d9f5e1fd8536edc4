/** Where files are looked for, and what is said where they are not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { findFile, findUrl, locateFiles } from './files.js'

const folder = await mkdtemp(join(tmpdir(), 'gradpool-files-'))
afterAll(() => rm(folder, { recursive: true }))

const searched = (name: string, more: { instead?: readonly string[]; has?: RegExp } = {}) => {
  return {
    name,
    own: () => new URL(`./${name}`, pathToFileURL(join(folder, 'main.js'))),
    specifier: 'no-such',
    ...more,
  }
}

test('a file is found beside what looks for it', async () => {
  await writeFile(join(folder, 'a.js'), 'text')
  expect(findUrl(searched('a.js'))).toBe(pathToFileURL(join(folder, 'a.js')).href)
})

test('another one serves in its place', async () => {
  await writeFile(join(folder, 'all.js'), 'all of them')
  const instead = ['all.js']
  expect(findUrl(searched('b.js', { instead }))).toBe(pathToFileURL(join(folder, 'all.js')).href)
})

test('a file with another text is none', async () => {
  await writeFile(join(folder, 'c.js'), 'the file of another library')
  expect(() => findUrl(searched('c.js', { has: /of ours/ }))).toThrow('is not there, or no such file of Gradpool')
})

test('an installed one is found where none is beside', () => {
  const search = { ...searched('core.js'), own: () => new URL('./core.js', import.meta.url), specifier: 'vitest' }
  expect(findUrl(search)).toMatch(/node_modules\/vitest\//)
})

test('a sentence says what was looked for', () => {
  expect(() => findUrl(searched('d.js', { instead: ['e.js'] }))).toThrow(
    `this bundle lacks a file: '${join(folder, 'd.js')}' and '${join(folder, 'e.js')}' are not there, nor is no-such installed`,
  )
})

test('a module that does not know where it is says so', () => {
  const own = () => new URL('./f.js', undefined)
  expect(() => findFile({ name: 'f.js', own, specifier: 'no-such' })).toThrow(
    /'f\.js' is looked for beside the module that loads it|'[^']*f\.js' is not there/,
  )
})

test('what was told is taken as it is', () => {
  const module = {}
  locateFiles({ 'kernels-emulated-unshared.wasm': module })
  expect(findFile(searched('kernels-emulated-unshared.wasm'))).toBe(module)
  expect(() => findUrl(searched('kernels-emulated-unshared.wasm'))).toThrow('is told by a path or a URL')
  const other: object = { 'kernel.wasm': module }
  expect(() => locateFiles(other)).toThrow("locateFiles: there is no file 'kernel.wasm'; there are gradpool-worker.js")
})
