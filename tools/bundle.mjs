// Makes the JavaScript of packages: one module for each entry, instead of one for each source file, since Node takes
// longer to find and read modules than to compile them. Types come from `tsc`. Entries are what `exports` and `imports`
// of package.json name, and what code loads in a worker thread by `'../dist/<name>.js'`.
//
// An import of a module of Node's becomes a question for it while the program runs, so that bundlers for browsers meet
// none (docs/decisions/0032). Nothing else changes: where there is a Node, it gives the same.
//
// Modules that threads load are whole by themselves, so that bundlers may copy them: they have what they import from
// other packages in them. The other modules are there in CommonJS, too, for what knows no modules in `require`.
//
//   node tools/bundle.mjs [package ...]      all packages if none is named
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { root } from './environment.mjs'
import { entryOf, inCommonJs, threadModules } from './manifests.mjs'

const packages = join(root, 'packages')
const named = process.argv.slice(2).map((name) => name.replace('@gradpool/', ''))
const workerModule = /'(?:\.\.\/)+dist\/([\w/-]+)\.js'/g
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Scripts and styles that are written into pages, by package: modules in `src`. */
const inPages = {
  dashboard: { 'page/assets/page': ['page/main.tsx', 'page/page.css'] },
  report: { page: ['page/main.tsx', 'page/page.css'] },
}

/** Files of packages that are copied as they are, by where they go: `src/page/index.html` to `dist/page/index.html`. */
const copied = { dashboard: ['page/index.html'] }

/** Files of `engine-cpu` that `gradpool` has, too, for programs that depend on it alone. */
const kernels = ['kernels', 'kernels-emulated', 'kernels-unshared', 'kernels-emulated-unshared']

/** Of all conditions: those of `imports` have several. */
function entriesIn(target) {
  if (typeof target === 'string') return []
  return Object.values(target).flatMap((path) => entryOf(typeof path === 'string' ? [path] : path) ?? [])
}

function entriesOf(folder) {
  const { exports, imports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const exported = [...Object.values(exports), ...Object.values(imports)].flatMap(entriesIn)
  const sources = readdirSync(join(folder, 'src'), { recursive: true }).filter((file) => /(?<!\.test)\.ts$/.test(file))
  const texts = sources.map((file) => readFileSync(join(folder, 'src', file), 'utf8'))
  const loaded = texts.flatMap((text) => [...text.matchAll(workerModule)].map(([, name]) => name))
  const pages = Object.keys(inPages[basename(folder)] ?? {})
  return new Set([...exported, ...loaded].filter((name) => !pages.includes(name)))
}

/** The packages that run in browsers, too. */
const inBrowsers = [
  'core',
  'datasets',
  'experiments',
  'models',
  'orchestrator',
  'storage',
  'trainer',
  'worker-pool',
  'gradpool',
]

/** In the place of Node's modules: constants of the same names, each taken from the module where there is one. */
const askedForNode = {
  name: 'node-modules',
  setup(made) {
    made.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'require-call' ? undefined : { path, namespace: 'asked-for-node', sideEffects: false },
    )
    made.onLoad({ filter: /./, namespace: 'asked-for-node' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default' && name !== 'module.exports')
      const contents = [
        "import { fromNode, nodeModule } from '@gradpool/core/node-module'",
        `const take = /* @__PURE__ */ fromNode('${path}')`,
        ...names.map((name) => `export const ${name} = /* @__PURE__ */ take('${name}')`),
        `export default /* @__PURE__ */ nodeModule('${path}')`,
      ]
      return { contents: contents.join('\n'), resolveDir: root }
    })
  },
}

const piscinaFolder = join(createRequire(import.meta.url).resolve('piscina'), '../..')

/**
 * Piscina in a form that bundlers take: without `__dirname` and `require`, which modules do not have. Its threads start
 * with the file that `workerFile` names.
 */
const piscina = {
  name: 'piscina',
  setup(made) {
    const folder = join(piscinaFolder, 'dist')
    made.onResolve({ filter: /^piscina(\/dist\/worker\.js)?$/ }, ({ path }) => ({
      path: join(folder, path === 'piscina' ? 'esm-wrapper.mjs' : 'worker.js'),
    }))
    made.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'builtin' } : { path, external: true },
    )
    // Asked for when it is used: a module for threads of Node that a browser may load, too.
    made.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
    made.onLoad({ filter: /piscina[\\/]dist[\\/]index\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const ofItself = "(0, node_path_1.resolve)(__dirname, 'worker.js')"
      if (!text.includes(ofItself)) throw new Error(`${path} starts its threads in a way that is not known here`)
      return { contents: text.replace(ofItself, 'this.options.workerFile') }
    })
  },
}

/** Whole, with all that other packages and dependencies have for it: who loads it may not find them as Node does. */
function makeCommonJs(folder, names, options) {
  return build({
    ...options,
    entryPoints: Object.fromEntries(names.map((name) => [name, join(folder, 'src', `${name}.ts`)])),
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    conditions: ['@gradpool/source'],
    external: ['@gradpool/engine-tensorflow', '@napi-rs/nice'],
    // What has no modules has no `import()` either.
    supported: { 'dynamic-import': false },
    define: { ...options.define, 'import.meta.url': 'moduleUrl' },
    minifyWhitespace: true,
    minifySyntax: true,
    banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    plugins: [piscina],
  })
}

/** A page that has parts of another package has one copy of Preact: that of its own package. */
const onePreact = (folder) => ({
  name: 'one-preact',
  setup(made) {
    made.onResolve({ filter: /^preact(\/|$)/ }, ({ path, kind, pluginData }) =>
      pluginData === 'own' ? undefined : made.resolve(path, { kind, resolveDir: folder, pluginData: 'own' }),
    )
  },
})

/** Whole, as small as it gets, for browsers. */
function makeForPages(folder, pages, options) {
  const entryPoints = Object.entries(pages).flatMap(([out, sources]) =>
    sources.map((source) => ({ in: join(folder, 'src', source), out })),
  )
  return build({
    ...options,
    entryPoints,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    // Of other packages: they may not be built yet.
    conditions: ['@gradpool/source'],
    plugins: [onePreact(folder)],
  })
}

/** The licences of all others that have code in what was made. */
function writeLicences(files, dist) {
  const inputs = files.flatMap(({ metafile }) =>
    Object.values(metafile.outputs).flatMap((its) => Object.entries(its.inputs)),
  )
  const folders = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (/^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []) : [],
  )
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each))
    if (file === undefined) throw new Error(`${name} has no licence that could be given with its code`)
    return `${name} ${version}\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`
  })
  const path = join(dist, 'licences.txt')
  if (texts.length > 0) writeFileSync(path, texts.join(`\n${'-'.repeat(80)}\n\n`))
  else rmSync(path, { force: true })
}

async function bundle(folder) {
  const dist = join(folder, 'dist')
  mkdirSync(dist, { recursive: true })
  const name = basename(folder)
  const entries = [...entriesOf(folder)]
  const alone = threadModules[name] ?? []
  const plugins = inBrowsers.includes(name) ? [askedForNode] : []
  const options = {
    outdir: dist,
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    define: { GRADPOOL_VERSION: JSON.stringify(version) },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    metafile: true,
    logLevel: 'warning',
  }
  const entryPoints = (names) => Object.fromEntries(names.map((each) => [each, join(folder, 'src', `${each}.ts`)]))
  const results = await Promise.all([
    build({
      ...options,
      entryPoints: entryPoints(entries.filter((each) => !alone.includes(each))),
      external: ['#*'],
      // Entries of a package share their modules.
      splitting: true,
      ...(name === 'worker-pool'
        ? { external: ['#*', '@gradpool/*', '@napi-rs/nice'], plugins: [piscina] }
        : { packages: 'external', plugins }),
    }),
    ...(alone.length === 0
      ? []
      : [
          build({
            ...options,
            entryPoints: entryPoints(alone),
            // Of other packages: they may not be built yet.
            conditions: ['@gradpool/source'],
            external: ['@napi-rs/nice'],
            plugins: [askedForNode, piscina],
          }),
        ]),
    ...(name in inPages ? [makeForPages(folder, inPages[name], options)] : []),
    ...(name in inCommonJs ? [makeCommonJs(folder, inCommonJs[name], options)] : []),
  ])
  const outputs = ({ metafile }) => Object.keys(metafile.outputs).map((file) => resolve(root, file))
  const written = new Set(results.flatMap(outputs))
  for (const file of readdirSync(dist, { recursive: true })) {
    const path = join(dist, file)
    if (!/\.(js|cjs|(js|d\.ts)\.map)$/.test(file)) continue
    if (!written.has(path)) rmSync(path)
    else if (file.endsWith('.map')) forgetMade(path)
  }
  for (const file of copied[name] ?? []) copyFileSync(join(folder, 'src', file), join(dist, file))
  writeLicences(results, dist)
  if (name === 'gradpool') copyKernels(dist)
}

/** Modules that were made here are from no file: who reads a source map would look for them. */
function forgetMade(path) {
  const map = JSON.parse(readFileSync(path, 'utf8'))
  map.sources = map.sources.map((source) => (/^(asked-for-node|builtin):/.test(source) ? null : source))
  writeFileSync(path, JSON.stringify(map))
}

function copyKernels(dist) {
  for (const name of kernels) {
    const from = join(packages, 'engine-cpu/dist', `${name}.wasm`)
    if (!existsSync(from)) continue
    const temporary = join(dist, `${name}.wasm.${process.pid}.tmp`)
    copyFileSync(from, temporary)
    renameSync(temporary, join(dist, `${name}.wasm`))
  }
}

const folders = (named.length > 0 ? named : readdirSync(packages)).map((name) => join(packages, name))
await Promise.all(folders.map(bundle))
