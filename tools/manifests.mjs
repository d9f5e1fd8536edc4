// What the manifests of all packages share: who publishes them and where, and how resolvers find each entry. The root's
// package.json has the address; `exports` of a package says its entries, and this the conditions of each.
//
//   node tools/manifests.mjs [--write]      without --write, names the packages that differ, and fails
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './environment.mjs'

const packages = join(root, 'packages')
const KEYWORDS = ['machine-learning', 'neural-network', 'deep-learning', 'training', 'typescript']

/** Modules that worker threads load, by package. */
export const threadModules = {
  'engine-cpu': ['step-chunk'],
  'worker-pool': ['pool-worker'],
  trainer: ['run-rounds', 'window-thread'],
  report: ['umap-thread'],
  gradpool: ['gradpool-worker'],
}

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** Every package that is published, by its folder's name. */
export function publishedPackages() {
  const folders = readdirSync(packages).filter((name) => existsSync(join(packages, name, 'package.json')))
  const all = folders.map((name) => ({
    name,
    folder: join(packages, name),
    manifest: manifestOf(join(packages, name)),
  }))
  return all.filter(({ manifest }) => manifest.private !== true)
}

/** The entry's path in `dist`, without ending; undefined for files that are no modules. */
export function entryOf(target) {
  const paths = typeof target === 'string' ? [target] : Object.values(target).map((it) => it.default ?? it)
  return paths.flatMap((path) => /^\.\/dist\/(.*)\.js$/.exec(path)?.[1] ?? []).at(-1)
}

/** Entries that are there in CommonJS, too. */
export const inCommonJs = { gradpool: ['index', 'predict'] }

/**
 * Node takes modules by `import` and by `require`, so that a program has one copy of each; what knows no modules in
 * `require`, such as Jest, takes the form in CommonJS (docs/decisions/0034-a-form-for-those-without-modules.md).
 */
function conditions(name, target) {
  const entry = entryOf(target)
  if (!inCommonJs[name]?.includes(entry)) return target
  const modules = { types: `./dist/${entry}.d.ts`, default: `./dist/${entry}.js` }
  const made = ['types', 'default', 'module-sync', 'require']
  return {
    ...Object.fromEntries(Object.entries(target).filter(([condition]) => !made.includes(condition))),
    'module-sync': modules,
    require: { types: `./dist/${entry}.d.cts`, default: `./dist/${entry}.cjs` },
    default: modules,
  }
}

const each = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))

/** What resolvers take that do not know `exports`: TypeScript's `node10` among them. */
function forOldResolvers(exported) {
  const entries = Object.entries(exported).flatMap(([name, target]) => {
    const entry = typeof target === 'string' ? undefined : entryOf(target)
    return entry === undefined || !JSON.stringify(target).includes('.d.ts') ? [] : [[name, entry]]
  })
  const others = entries.filter(([name]) => name !== '.')
  const versions = Object.fromEntries(others.map(([name, entry]) => [name.slice(2), [`./dist/${entry}.d.ts`]]))
  return {
    main: './dist/index.js',
    types: './dist/index.d.ts',
    ...(others.length > 0 && { typesVersions: { '*': versions } }),
  }
}

const PREPACK = 'node ../../tools/prepack.mjs'
/** What a package does besides comes after it. */
const prepackOf = (own = PREPACK) => (own.startsWith(PREPACK) ? own : `${PREPACK} && ${own}`)

/** The manifest as it has to be; keys in one order. */
export function completed(name, manifest) {
  const { homepage, repository, bugs, author } = manifestOf(root)
  const { keywords = [], exports: exported, imports, files, ...rest } = manifest
  const made = each(exported, (target) => conditions(name, target))
  const shared = {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    keywords: [...new Set([...KEYWORDS, ...keywords])],
    homepage: `${homepage}/tree/main/packages/${name}#readme`,
    bugs,
    repository: { ...repository, directory: `packages/${name}` },
    license: manifest.license,
    author,
    type: 'module',
    engines: manifest.engines,
    ...(manifest.bin && { bin: manifest.bin }),
    ...forOldResolvers(made),
    exports: made,
    ...(imports && { imports }),
    files: files.filter((file) => !file.startsWith('!dist/**')).concat('!dist/**/*.tsbuildinfo', '!dist/**/*.map'),
    scripts: { ...manifest.scripts, prepack: prepackOf(manifest.scripts?.prepack) },
    publishConfig: { access: 'public' },
  }
  const others = Object.entries(rest).filter(([key]) => !Object.hasOwn(shared, key) && key !== 'typesVersions')
  return { ...shared, ...Object.fromEntries(others) }
}

if (process.argv[1] === import.meta.filename) {
  const isWriting = process.argv.includes('--write')
  for (const { name, folder, manifest } of publishedPackages()) {
    const file = join(folder, 'package.json')
    const text = `${JSON.stringify(completed(name, manifest), null, 2)}\n`
    if (text === readFileSync(file, 'utf8')) continue
    if (isWriting) writeFileSync(file, text)
    else {
      console.error(`error: ${manifest.name}: its manifest is not what tools/manifests.mjs --write makes of it`)
      process.exitCode = 1
    }
  }
}
