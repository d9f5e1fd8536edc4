/**
 * Completes the package.json of every package: author, keywords, scripts, and the conditions under which resolvers find
 * each entry of `exports`. The address of the repository is added when a package is packed (published-manifest.mjs).
 *
 *     node tools/manifests.mjs [--write]      without --write, lists the packages that differ, and fails
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './environment.mjs'
import { isWritten, repositoryManifest, writeManifest } from './published-manifest.mjs'

const packages = join(root, 'packages')
const KEYWORDS = ['machine-learning', 'neural-network', 'deep-learning', 'training', 'typescript']

/** Modules that worker threads load, by package directory. */
export const threadModules = {
  'engine-cpu': ['step-chunk'],
  'worker-pool': ['pool-worker'],
  trainer: ['run-rounds', 'window-thread'],
  report: ['umap-thread'],
  gradpool: ['gradpool-worker'],
}

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** All published packages: name of the directory in `packages`, its path, and the manifest. */
export function publishedPackages() {
  const folders = readdirSync(packages).filter((name) => existsSync(join(packages, name, 'package.json')))
  const all = folders.map((name) => ({
    name,
    folder: join(packages, name),
    manifest: manifestOf(join(packages, name)),
  }))
  return all.filter(({ manifest }) => manifest.private !== true)
}

/** Path of an entry in `dist` without its extension, or undefined if it is not a module. */
export function entryOf(target) {
  const paths = typeof target === 'string' ? [target] : Object.values(target).map((it) => it.default ?? it)
  return paths.flatMap((path) => /^\.\/dist\/(.*)\.js$/.exec(path)?.[1] ?? []).at(-1)
}

/** Entries that are also built as CommonJS, by package directory. */
export const inCommonJs = { gradpool: ['index', 'predict'] }

/**
 * Conditions of one entry. Node loads the ES module for `import` and for `require`, so a program has one copy. Tools
 * that cannot `require` ES modules, such as Jest, load CommonJS
 * (docs/decisions/0034-a-form-for-those-without-modules.md).
 */
function conditions(name, target) {
  const entry = entryOf(target)
  if (!inCommonJs[name]?.includes(entry)) return target
  const modules = { types: `./dist/${entry}.d.ts`, default: `./dist/${entry}.js` }
  const generated = ['types', 'default', 'module-sync', 'require']
  return {
    ...Object.fromEntries(Object.entries(target).filter(([condition]) => !generated.includes(condition))),
    'module-sync': modules,
    require: { types: `./dist/${entry}.d.cts`, default: `./dist/${entry}.cjs` },
    default: modules,
  }
}

const each = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))

/** Fields for resolvers that ignore `exports`, such as TypeScript's `node10`. */
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

/** The manifest as it must be in the repository, with its keys in one order. */
export function completed(name, manifest) {
  const { author } = manifestOf(root)
  const { keywords = [], exports: exported, imports, files, ...rest } = repositoryManifest(manifest)
  const entries = each(exported, (target) => conditions(name, target))
  const shared = {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    keywords: [...new Set([...KEYWORDS, ...keywords])],
    license: manifest.license,
    author,
    type: 'module',
    engines: manifest.engines,
    ...(manifest.bin && { bin: manifest.bin }),
    ...forOldResolvers(entries),
    exports: entries,
    ...(imports && { imports }),
    files: files.filter((file) => !file.startsWith('!dist/**')).concat('!dist/**/*.tsbuildinfo', '!dist/**/*.map'),
    scripts: {
      ...manifest.scripts,
      prepack: 'node ../../tools/prepack.mjs',
      postpack: 'node ../../tools/postpack.mjs',
    },
    publishConfig: { access: 'public' },
  }
  const others = Object.entries(rest).filter(([key]) => !Object.hasOwn(shared, key) && key !== 'typesVersions')
  return { ...shared, ...Object.fromEntries(others) }
}

if (process.argv[1] === import.meta.filename) {
  const isWriting = process.argv.includes('--write')
  for (const { name, folder, manifest } of publishedPackages()) {
    const complete = completed(name, manifest)
    if (isWriting) writeManifest(folder, complete)
    else if (!isWritten(folder, complete)) {
      console.error(
        `error: packages/${name}/package.json differs from its complete form. Run: node tools/manifests.mjs --write`,
      )
      process.exitCode = 1
    }
  }
}
