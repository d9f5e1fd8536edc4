// Makes the JavaScript of packages: one module for each entry, instead of one for each source file, since Node takes
// longer to find and read modules than to compile them. Types come from `tsc`. Entries are what `exports` of
// package.json names, and what code loads in a worker thread by `'../dist/<name>.js'`.
//
//   node tools/bundle.mjs [package ...]      all packages if none is named
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { root } from './environment.mjs'

const packages = join(root, 'packages')
const named = process.argv.slice(2).map((name) => name.replace('@gradpool/', ''))
const workerModule = /'(?:\.\.\/)+dist\/([\w/-]+)\.js'/g

function entriesOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const exported = Object.values(exports).flatMap((target) => (target.default ? [target.default] : []))
  const sources = readdirSync(join(folder, 'src'), { recursive: true }).filter((file) => /(?<!\.test)\.ts$/.test(file))
  const texts = sources.map((file) => readFileSync(join(folder, 'src', file), 'utf8'))
  const loaded = texts.flatMap((text) => [...text.matchAll(workerModule)].map(([, name]) => name))
  const names = [...exported.map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, '$1')), ...loaded]
  return Object.fromEntries(names.map((name) => [name, join(folder, 'src', `${name}.ts`)]))
}

async function bundle(folder) {
  const dist = join(folder, 'dist')
  const { metafile } = await build({
    entryPoints: entriesOf(folder),
    outdir: dist,
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // Entries of a package share their modules.
    splitting: true,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  })
  const written = new Set(Object.keys(metafile.outputs).map((file) => resolve(root, file)))
  for (const file of readdirSync(dist, { recursive: true })) {
    const path = join(dist, file)
    if (/\.js(\.map)?$/.test(file) && !written.has(path)) rmSync(path)
  }
}

const folders = (named.length > 0 ? named : readdirSync(packages)).map((name) => join(packages, name))
await Promise.all(folders.map(bundle))
